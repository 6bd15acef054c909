import { WebSocket } from "ws";
import type { Clock } from "@quarterdeck/core/clock";
import type { BridgeToRelay } from "@quarterdeck/core/protocol/bridge-to-relay";
import { decodeFrame, encodeFrame } from "@quarterdeck/core/protocol/codec";
import type { Challenge, HelloBody, WelcomeBody } from "@quarterdeck/core/protocol/handshake";
import { takeFitting, type Flight } from "@quarterdeck/core/protocol/in-flight";
import { heartbeat, limits } from "@quarterdeck/core/protocol/limits";
import type { SignedText } from "@quarterdeck/core/protocol/signing";
import { relayToBridgeSchema, type RelayToBridge } from "@quarterdeck/core/protocol/relay-to-bridge";
import { kibibyte } from "@quarterdeck/core/units";
import type { RunInput } from "@quarterdeck/core/protocol/run-input";
import type { StoredResult } from "../journal/journal.ts";
import type { Log } from "../log.ts";
import { explainUnreachable } from "./explain-unreachable.ts";
import { proxyAgent } from "./proxy.ts";
import type { PlatformKeys } from "../verification/platform-keys.ts";
import { answerChallenge, checkWelcome } from "./handshake.ts";
import { resultBytes, splitResults } from "./result-frames.ts";
import { advanceSession, startSession } from "./session/session.ts";
import { newSession, type Session, type Step } from "./session/session-state.ts";
import { outgoingFrame, type StreamFrame } from "./session/stream-frame.ts";
import type { CommandItem, SessionEffect, SessionEvent, TimerName } from "./session/session-events.ts";

const roomBytes = 16 * kibibyte;

export interface ConnectionStatus {
  readonly state: "online" | "offline" | "stopped";
  readonly detail: string;
}

interface ConnectionOptions {
  readonly url: URL;
  readonly platformKeys: Pick<PlatformKeys, "trusted" | "version" | "take">;
  readonly privateKey: CryptoKey;
  readonly self: () => Pick<
    HelloBody,
    "serverId" | "sessionId" | "bootId" | "capabilities" | "received" | "keysVersion"
  >;
  readonly counters: { takenCommands: number; lastResult: number };
  readonly clock: Clock;
  readonly log: Log;
  /** Journals commands; resolves with the number up to which every command is durable. */
  readonly takeCommands: (items: readonly CommandItem[]) => Promise<number>;
  /** Forgets commands that were taken and are not durable; resolves when the others are, to whether it forgot one (PROTOCOL 4.11). */
  readonly dropHeld: () => Promise<boolean>;
  readonly lastResult: () => number;
  readonly readResults: (after: number, count: number) => StoredResult[];
  readonly resultsStored: (through: number) => void;
  readonly onOnline: (welcome: WelcomeBody) => void;
  readonly onInterest: (interest: Extract<RelayToBridge, { type: "interest" }>) => void;
  readonly onAuditHead: (text: SignedText) => void;
  readonly onCredit: (bytes: number) => void;
  /** The relay has more than this journal ever held. */
  readonly onOutdated: (reason: string) => void;
  readonly onHistoryStored: (through: number) => void;
  readonly onInput: (input: RunInput) => void;
  readonly onStatus: (status: ConnectionStatus) => void;
  readonly onFatal: (error: unknown) => void;
}

/** The shell around a session: one WebSocket at a time, timers, and the work that needs keys. */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #timers = new Map<TimerName, NodeJS.Timeout>();
  #session: Session;
  #socket: WebSocket | undefined;
  #intake: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#session = newSession(options.counters);
  }

  start(): void {
    this.#apply(startSession(this.#session));
  }

  /** Ends the connection for good. */
  close(): void {
    this.#isClosed = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#socket?.close(1001, "the bridge is stopping");
  }

  /** Connects anew, so that the relay hears another hello. Nothing is lost by it. */
  renew(reason: string): void {
    if (this.#session.phase.name !== "connecting") this.#closeSocket(1001, reason);
  }

  /** The journal has a further result. The first word of a commit takes all of its results, so they go out together. */
  resultAdded(): void {
    if (!this.#isClosed) this.#handle({ type: "resultsAdded", through: this.#options.lastResult() });
  }

  /** Commands whose acknowledgement had to wait are durable up to this number. */
  journaled(through: number): void {
    this.#handle({ type: "journaled", through });
  }

  /** Sends a frame that may be lost. `false` when there is no connection, or none with a relay that knows it. */
  send(frame: StreamFrame): boolean {
    const outgoing = outgoingFrame(this.#session, frame);
    if (!outgoing || this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(encodeFrame(outgoing));
    return true;
  }

  /** Whether what was sent before is on its way, so that something less urgent holds nothing back. */
  get hasRoom(): boolean {
    return this.#socket !== undefined && this.#socket.bufferedAmount < roomBytes;
  }

  #handle(event: SessionEvent): void {
    if (this.#isClosed) return;
    this.#apply(advanceSession(this.#session, event));
  }

  #apply({ session, effects }: Step): void {
    this.#session = session;
    for (const effect of effects) this.#carryOut(effect);
  }

  #carryOut(effect: SessionEffect): void {
    const { log } = this.#options;
    switch (effect.type) {
      case "connect":
        return this.#connect();
      case "sendHello":
        return this.#sendFrame({ type: "hello", ...effect.text });
      case "acknowledgeCommands":
        return this.#sendFrame({ type: "ack", epoch: effect.epoch, stream: "commands", through: effect.through });
      case "ping":
        return this.#socket?.send(heartbeat.ping);
      case "close":
        return this.#closeSocket(effect.code, effect.reason);
      case "setTimer":
        return this.#setTimer(effect.name, effect.delayMs);
      case "clearTimer":
        return clearTimeout(this.#timers.get(effect.name));
      case "checkChallenge":
        return this.#checkChallenge(effect.frame, effect.text);
      case "checkWelcome":
        return this.#checkWelcome(effect);
      case "online":
        log.info("connected", { epoch: effect.welcome.epoch });
        this.#handle({ type: "welcomedAt", nowMs: this.#options.clock.monotonicMs() });
        this.#options.onStatus({ state: "online", detail: "" });
        return this.#options.onOnline(effect.welcome);
      case "offline": {
        const retry = effect.retryInMs === null ? "" : `; next attempt in ${Math.ceil(effect.retryInMs / 1000)} s`;
        log.warn("not connected", { closeCode: effect.code, reason: effect.reason, retryInMs: effect.retryInMs });
        return this.#options.onStatus({
          state: "offline",
          detail: `${effect.reason || `closed with ${effect.code}`}${retry}`,
        });
      }
      case "journal":
        return this.#takeCommands(effect.items);
      case "takeKeys":
        return this.#takeKeys(effect.statements);
      case "sendResults":
        return this.#sendResults(effect);
      case "resultsStored":
        return this.#options.resultsStored(effect.through);
      case "auditHead":
        return this.#options.onAuditHead(effect.text);
      case "interest":
        return this.#options.onInterest(effect.frame);
      case "credit":
        return this.#options.onCredit(effect.bytes);
      case "outdated":
        return this.#options.onOutdated(effect.reason);
      case "historyStored":
        return this.#options.onHistoryStored(effect.through);
      case "input":
        return this.#options.onInput(effect.frame);
      case "stopped":
        log.error("another bridge with this server's key has taken over; this one stops", { closeCode: effect.code });
        return this.#options.onStatus({
          state: "stopped",
          detail: "another bridge with this server's key has taken over",
        });
      case "log":
        return log[effect.level](effect.message, { code: effect.code });
    }
  }

  #connect(): void {
    const socket = new WebSocket(this.#options.url, {
      handshakeTimeout: limits.handshakeStepMs,
      maxPayload: limits.frameBytes,
      perMessageDeflate: false,
      followRedirects: false,
      agent: proxyAgent(this.#options.url),
    });
    this.#socket = socket;
    let problem = "";
    const isCurrent = () => this.#socket === socket;
    socket.on("open", () => isCurrent() && this.#handle({ type: "opened" }));
    socket.on("error", (error) => (problem = explainUnreachable(error)));
    socket.on("message", (data, isBinary) => {
      if (!isCurrent()) return;
      const text = isBinary ? undefined : (data as Buffer).toString("utf8");
      const nowMs = this.#options.clock.monotonicMs();
      if (text === heartbeat.pong) return this.#handle({ type: "pong", nowMs });
      if (text === undefined) return this.#closeSocket(4400, "binary frames are not spoken here");
      this.#handle({ type: "frame", frame: decodeFrame(relayToBridgeSchema, text), text, nowMs });
    });
    socket.on("close", (code, reason) => {
      if (isCurrent()) this.#closed(code, reason.toString() || problem);
    });
  }

  #closed(code: number, reason: string): void {
    this.#socket = undefined;
    const { clock } = this.#options;
    this.#handle({ type: "closed", code, reason, nowMs: clock.monotonicMs(), random: Math.random() });
  }

  /** A peer that does not answer the close is not waited for. */
  #closeSocket(code: number, reason: string): void {
    const socket = this.#socket;
    if (!socket) return;
    if (socket.readyState === WebSocket.OPEN) socket.close(code, reason);
    socket.terminate();
    this.#closed(code, reason);
  }

  #sendFrame(frame: BridgeToRelay): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(encodeFrame(frame));
  }

  #setTimer(name: TimerName, delayMs: number): void {
    clearTimeout(this.#timers.get(name));
    const { clock } = this.#options;
    this.#timers.set(
      name,
      setTimeout(() => this.#handle({ type: "timer", name, nowMs: clock.monotonicMs() }), delayMs),
    );
  }

  #checkChallenge(challenge: Challenge, challengeText: string): void {
    const { privateKey, self, clock } = this.#options;
    const socket = this.#socket;
    // What an earlier connection brought must be durable or gone: the relay takes back what the hello does not name.
    const settled = this.#intake.then(this.#options.dropHeld);
    const answer = () =>
      answerChallenge({
        challenge,
        challengeText,
        platformKeys: this.#options.platformKeys.trusted,
        privateKey,
        self: self(),
        nowMs: clock.nowMs(),
      });
    settled.then(answer).then((hello) => {
      if (this.#socket === socket) this.#handle({ type: "helloReady", hello });
    }, this.#options.onFatal);
  }

  #checkWelcome({ frame, hello, relayKey }: Extract<SessionEffect, { type: "checkWelcome" }>): void {
    const socket = this.#socket;
    checkWelcome(frame, { hello, relayKey }).then((welcome) => {
      if (this.#socket === socket) this.#handle({ type: "welcomeChecked", welcome });
    }, this.#options.onFatal);
  }

  /** One batch after the other, so that commands are journaled in their order. */
  #takeCommands(items: readonly CommandItem[]): void {
    this.#intake = this.#intake
      .then(async () => {
        const through = await this.#options.takeCommands(items);
        this.#handle({ type: "journaled", through });
      })
      .catch(this.#options.onFatal);
  }

  /**
   * In turn with the commands: what came before was signed before, and what comes after meets the new keys. So what waits for room is
   * forgotten, and the relay sends it again on another connection, signed anew where its key was dropped.
   */
  #takeKeys(statements: readonly SignedText[]): void {
    const { platformKeys, dropHeld, log, onFatal } = this.#options;
    const socket = this.#socket;
    this.#intake = this.#intake
      .then(async () => {
        const hasForgotten = await dropHeld();
        const taken = await platformKeys.take(statements);
        if (hasForgotten && this.#socket === socket) this.renew("commands that waited must be sent again");
        if (!taken.ok) {
          return log.error("what was said about the platform's keys does not count", { code: taken.error.code });
        }
        log.info("the platform's keys", { version: platformKeys.version });
        this.send({ type: "keysTaken", version: platformKeys.version });
        // The relay on this connection may be vouched for by a key that nobody obeys any more: it proves itself again.
        if (taken.value.hasRevoked && this.#socket === socket) {
          this.#closeSocket(1001, "a key of the platform was revoked");
        }
      })
      .catch(onFatal);
  }

  #sendResults({ epoch, after, count, bytes }: Extract<SessionEffect, { type: "sendResults" }>): void {
    const results = takeFitting(this.#options.readResults(after, count), bytes, resultBytes);
    const flights: Flight[] = [];
    for (const items of splitResults(results)) {
      this.#sendFrame({ type: "results", epoch, items });
      const through = items.at(-1)?.seq ?? after;
      flights.push({ through, bytes: items.reduce((sum, item) => sum + resultBytes(item), 0) });
    }
    this.#handle({ type: "resultsSent", flights });
  }
}
