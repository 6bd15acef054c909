import type { Refusal } from "@quarterdeck/core/errors/result";
import type { ServerId } from "@quarterdeck/core/ids";
import type { BridgeToRelay } from "@quarterdeck/core/protocol/bridge-to-relay";
import { encodeFrame } from "@quarterdeck/core/protocol/codec";
import { commandTextLength } from "@quarterdeck/core/protocol/command";
import { hasFeature } from "@quarterdeck/core/protocol/features";
import { bytesInFlight, stillInFlight, takeFitting, type Flight } from "@quarterdeck/core/protocol/in-flight";
import { statementsAfter } from "@quarterdeck/core/protocol/key-set";
import { limits } from "@quarterdeck/core/protocol/limits";
import type { RelayToBridge } from "@quarterdeck/core/protocol/relay-to-bridge";
import type { RunInput } from "@quarterdeck/core/protocol/run-input";
import type { SignedText } from "@quarterdeck/core/protocol/signing";
import { hourMs } from "@quarterdeck/core/units";
import { sendableThrough, splitIntoFrames } from "../session/command-stream.ts";
import type { Interest } from "../session/interest.ts";
import { spendCredit } from "../session/output-credit.ts";
import { listCommands, type StoredCommand } from "../storage/commands.ts";
import { appendReport, type NewReport } from "../storage/reports.ts";
import { updateServer } from "../storage/server-record.ts";
import { attach, bridgeAttachment, tags, type BridgeAttachment, type LiveBridge } from "./attachments.ts";
import { BridgeConduct } from "./bridge-conduct.ts";
import { makeChallenge, answerHello, refuseBridge, type Accepted } from "./bridge-handshake.ts";
import type { ObjectState } from "./object-state.ts";
import { sendError, tryClose, trySend } from "./socket-errors.ts";

/** Connections that have not said hello; the oldest gives way to a new one, so that strangers cannot fill the object. */
const maxPendingHandshakes = 32;

type PeoplesCode = Extract<NewReport, { kind: "notLetIn" }>["code"];
const peoplesCodes: readonly string[] = ["UNAUTHENTICATED", "REVOKED", "VERSION_UNSUPPORTED"] satisfies PeoplesCode[];

function isForPeople(code: string): code is PeoplesCode {
  return peoplesCodes.includes(code);
}

function encode(frame: RelayToBridge): string {
  return encodeFrame(frame);
}

function flightOf(command: StoredCommand): Flight {
  return { through: command.seq, bytes: commandTextLength(command) };
}

/** The bridge's sockets: at most one is live, older ones are fenced by their epoch. */
export class BridgeLink {
  readonly #state: ObjectState;
  readonly #conduct: BridgeConduct;
  #live: WebSocket | undefined;
  /** A cache of the stored commands that were sent on this connection and are not acknowledged. */
  #flights: readonly Flight[] | undefined;

  constructor(state: ObjectState) {
    this.#state = state;
    this.#conduct = new BridgeConduct(state);
    const { epoch } = state.server();
    this.#live = this.#sockets().find((socket) => {
      const attachment = bridgeAttachment(socket);
      return attachment.state === "live" && attachment.epoch === epoch;
    });
  }

  get isConnected(): boolean {
    return this.#live?.readyState === WebSocket.OPEN;
  }

  /** When the connected bridge was last heard: its welcome, or the newest heartbeat that was answered without us. */
  heardMs(): number | null {
    if (!this.#live) return null;
    const { welcomedAtMs } = this.#liveAttachment(this.#live);
    return Math.max(welcomedAtMs, this.#state.ctx.getWebSocketAutoResponseTimestamp(this.#live)?.getTime() ?? 0);
  }

  oldestHandshakeMs(): number | null {
    const oldest = this.#pending()[0];
    return oldest ? oldest.sinceMs : null;
  }

  async open(socket: WebSocket, nowMs: number): Promise<void> {
    const { text, hash } = await makeChallenge(this.#state, nowMs);
    const pending = this.#pending();
    for (const { socket: oldest } of pending.slice(0, Math.max(0, pending.length - maxPendingHandshakes + 1))) {
      this.#fail(oldest, { code: "RATE_LIMITED", message: "Too many connections to this server are waiting." });
    }
    this.#state.ctx.acceptWebSocket(socket, [tags.bridge]);
    const turn = 1 + Math.max(0, ...pending.map((other) => other.turn));
    attach(socket, { kind: "bridge", state: "challenged", challengeHash: hash, sinceMs: nowMs, turn });
    trySend(socket, text);
  }

  /** Answers a hello. Returns what was accepted and must be stored before `welcome`; `undefined` when it was refused. */
  async hello(socket: WebSocket, hello: SignedText, serverId: ServerId): Promise<Accepted | undefined> {
    const attachment = bridgeAttachment(socket);
    if (attachment.state !== "challenged") {
      this.fail(socket, { code: "PROTOCOL_VIOLATION", message: "A connection says hello once." });
      return undefined;
    }
    attach(socket, { ...attachment, state: "verifying" });
    const answer = await answerHello(this.#state, hello, { serverId, challengeHash: attachment.challengeHash });
    if (bridgeAttachment(socket).state !== "verifying" || socket.readyState !== WebSocket.OPEN) return undefined;
    if (answer.ok) return answer.value;
    attach(socket, { kind: "bridge", state: "closing" });
    refuseBridge(this.#state, socket, answer.error);
    this.#report(answer.error, Date.now());
    return undefined;
  }

  /** Makes a socket the live one, after its epoch was stored, and fences the one before. */
  welcome(socket: WebSocket, accepted: Accepted, nowMs: number): void {
    const { epoch, hello, welcome } = accepted;
    this.#endOlder(socket);
    const before = this.#live;
    if (before) {
      attach(before, { kind: "bridge", state: "replaced", byEpoch: epoch, byBootId: hello.bootId });
      sendError(before, { code: "SUPERSEDED", message: "A newer connection of this server took over." });
    }
    this.#live = socket;
    const { commandsAcknowledged } = this.#state.server();
    attach(socket, {
      kind: "bridge",
      state: "live",
      epoch,
      welcomedAtMs: nowMs,
      sentThrough: commandsAcknowledged,
      outputCredit: limits.outputCreditBytes,
    });
    this.#flights = undefined;
    this.#conduct.connected();
    trySend(socket, encode({ type: "welcome", ...welcome }));
  }

  /** A hello that was held up on the way must not take over from the connection that its bridge made afterwards (PROTOCOL 2.6). */
  #endOlder(socket: WebSocket): void {
    const pending = this.#pending();
    const turn = pending.find((own) => own.socket === socket)?.turn ?? 0;
    for (const older of pending.filter((other) => other.turn < turn)) {
      this.#fail(older.socket, { code: "SUPERSEDED", message: "A connection that was made later took over." });
    }
  }

  /** Whether a frame comes from the live bridge with its epoch; otherwise its socket is closed. */
  admits(socket: WebSocket, frame: Exclude<BridgeToRelay, { type: "hello" }>): boolean {
    const attachment = bridgeAttachment(socket);
    if (attachment.state === "challenged" || attachment.state === "verifying") {
      this.fail(socket, { code: "PROTOCOL_VIOLATION", message: "The first frame of a bridge is its hello." });
      return false;
    }
    if (attachment.state !== "live") return false;
    if (socket === this.#live && frame.epoch === attachment.epoch) return true;
    const message = `The frame is of connection ${frame.epoch}, which is not the current one.`;
    this.fail(socket, { code: "SUPERSEDED", message });
    return false;
  }

  /** Sends the commands that were not sent on this connection and that the window allows (PROTOCOL 4.8). */
  sendCommands(): void {
    if (!this.#live) return;
    const attachment = this.#liveAttachment(this.#live);
    const { commandsAssigned, commandsAcknowledged } = this.#state.server();
    const through = sendableThrough({ assigned: commandsAssigned, acknowledged: commandsAcknowledged });
    const after = Math.max(attachment.sentThrough, commandsAcknowledged);
    if (through <= after) return;
    const flights = stillInFlight(
      this.#flights ?? this.#storedFlights(commandsAcknowledged, after),
      commandsAcknowledged,
    );
    const room = limits.commandsInFlightBytes - bytesInFlight(flights);
    const fitting = takeFitting(listCommands(this.#state.sql, { after, through }), room, commandTextLength);
    this.#flights = [...flights, ...fitting.map(flightOf)];
    const sentThrough = fitting.at(-1)?.seq;
    if (sentThrough === undefined) return;
    const items = fitting.map(({ seq, signed, signature, sealed }) => ({ seq, signed, signature, sealed }));
    for (const frame of splitIntoFrames(items, limits.commandsInFlight)) {
      trySend(this.#live, encode({ type: "commands", items: frame }));
    }
    attach(this.#live, { ...attachment, sentThrough });
  }

  #storedFlights(after: number, through: number): readonly Flight[] {
    return listCommands(this.#state.sql, { after, through }).map(flightOf);
  }

  /** What the platform says about its keys and the bridge did not have. It is taken in its turn with the commands. */
  sendKeys(): void {
    const statements = statementsAfter(this.#state.trust.statements, this.#state.server().keysVersion);
    if (this.#live && statements.length > 0) trySend(this.#live, encode({ type: "keys", statements }));
  }

  /** How far the org's audit goes. An older bridge is not told. Returns whether one was there to be. */
  sendAuditHead({ signed, signature }: SignedText): boolean {
    if (this.#live === undefined || !hasFeature(this.#state.server().capabilities, "auditHeads")) return false;
    return trySend(this.#live, encode({ type: "auditHead", signed, signature }));
  }

  sendInterest({ telemetry, runs }: Interest): void {
    if (!this.#live) return;
    trySend(this.#live, encode({ type: "interest", telemetry, runs: [...runs] }));
    this.#conduct.interestSent();
  }

  /** Passes on what a viewer types, or says why it does not reach the bridge. */
  sendInput(input: RunInput): Refusal | null {
    if (this.#live !== undefined && !hasFeature(this.#state.server().capabilities, "sealedInput")) {
      const message = "The server's bridge is too old for sealed input. What was typed did not reach it. Update it.";
      return { code: "COMMAND_UNSUPPORTED", message };
    }
    if (this.#live !== undefined && trySend(this.#live, encode(input))) return null;
    return { code: "SERVER_OFFLINE", message: "The server is not connected. What was typed did not reach it." };
  }

  /** Asks the bridge to come back; an older one that does not know how is sent away. Returns whether one is connected. */
  drain(spreadMs: number): boolean {
    if (this.#live !== undefined && !hasFeature(this.#state.server().capabilities, "drain")) {
      tryClose(this.#live, 1001, "the relay is about to be replaced");
      return true;
    }
    return this.#live !== undefined && trySend(this.#live, encode({ type: "drain", spreadMs }));
  }

  acknowledgeResults(through: number): void {
    if (this.#live) trySend(this.#live, encode({ type: "ack", stream: "results", through }));
  }

  acknowledgeHistory(through: number): void {
    if (this.#live) trySend(this.#live, encode({ type: "historyStored", through }));
  }

  /** Counts frames that no credit pays for. One too many ends the connection. */
  charge(socket: WebSocket, nowMs: number, count = 1): void {
    const refusal = this.#conduct.countFrames(socket, nowMs, count);
    if (refusal !== null) this.fail(socket, refusal);
  }

  /** Counts a piece of output. Returns whether the bridge may go on. */
  admitsOutput(
    socket: WebSocket,
    piece: { readonly bytes: number; readonly isTaken: boolean },
    nowMs: number,
  ): boolean {
    const refusal = this.#conduct.countOutput(piece, nowMs);
    if (refusal !== null) this.fail(socket, refusal);
    return refusal === null;
  }

  /** Takes the credit for output, and gives it back. Returns whether the bridge had it. */
  spend(socket: WebSocket, bytes: number): boolean {
    const attachment = this.#liveAttachment(socket);
    const spent = spendCredit(attachment.outputCredit, bytes);
    if (!spent.ok) {
      this.fail(socket, spent.error);
      return false;
    }
    attach(socket, { ...attachment, outputCredit: spent.value.available });
    if (spent.value.refill > 0) {
      trySend(socket, encode({ type: "credit", stream: "output", bytes: spent.value.refill }));
    }
    return true;
  }

  /** Ends a connection with an error frame and the error's close code. The close event does the rest. */
  fail(socket: WebSocket, error: Refusal): void {
    sendError(socket, error);
  }

  /** Ends the live connection and forgets it at once, because its close event may never come. */
  drop(error: Refusal): void {
    if (!this.#live) return;
    this.#fail(this.#live, error);
    this.#live = undefined;
  }

  closeLateHandshakes(nowMs: number): void {
    for (const { socket, sinceMs } of this.#pending()) {
      if (sinceMs + limits.handshakeStepMs > nowMs) continue;
      this.#fail(socket, { code: "HANDSHAKE_TIMEOUT", message: "The hello did not come in time." });
    }
  }

  /** A socket closed. Returns what it was. */
  closed(socket: WebSocket): BridgeAttachment {
    const attachment = bridgeAttachment(socket);
    if (socket === this.#live) this.#live = undefined;
    attach(socket, { kind: "bridge", state: "closing" });
    return attachment;
  }

  /** Tells the API of a refusal that only people can mend; the same again once an hour, since a stranger can cause it. */
  #report({ code }: Refusal, nowMs: number): void {
    const { refusalCode, refusalAtMs } = this.#state.server();
    if (!isForPeople(code) || (refusalCode === code && nowMs - refusalAtMs < hourMs)) return;
    this.#state.transact(() => {
      updateServer(this.#state.sql, { refusalCode: code, refusalAtMs: nowMs });
      appendReport(this.#state.sql, { kind: "notLetIn", atMs: nowMs, code });
    });
  }

  #fail(socket: WebSocket, error: Refusal): void {
    attach(socket, { kind: "bridge", state: "closing" });
    if (!sendError(socket, error)) tryClose(socket, 4408, error.code);
  }

  #sockets(): WebSocket[] {
    return this.#state.ctx.getWebSockets(tags.bridge).filter((socket) => socket.readyState === WebSocket.OPEN);
  }

  /** Connections whose handshake is not finished, oldest first. */
  #pending(): { readonly socket: WebSocket; readonly sinceMs: number; readonly turn: number }[] {
    return this.#sockets()
      .flatMap((socket) => {
        const attachment = bridgeAttachment(socket);
        const isPending = attachment.state === "challenged" || attachment.state === "verifying";
        return isPending ? [{ socket, sinceMs: attachment.sinceMs, turn: attachment.turn }] : [];
      })
      .toSorted((a, b) => a.sinceMs - b.sinceMs);
  }

  #liveAttachment(socket: WebSocket): LiveBridge {
    const attachment = bridgeAttachment(socket);
    if (attachment.state !== "live") throw new Error(`the live bridge's socket is ${attachment.state}`);
    return attachment;
  }
}
