import { randomBytes } from "node:crypto";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { RunId } from "@quarterdeck/core/ids";
import { bridgeToRelaySchema, type BridgeToRelay } from "@quarterdeck/core/protocol/bridge-to-relay";
import { decodeFrame, encodeFrame } from "@quarterdeck/core/protocol/codec";
import type { CommandText } from "@quarterdeck/core/protocol/command";
import { helloBodySchema, type HelloBody, type WelcomeBody } from "@quarterdeck/core/protocol/handshake";
import { limits } from "@quarterdeck/core/protocol/limits";
import type { RelayToBridge } from "@quarterdeck/core/protocol/relay-to-bridge";
import { resultSchema, type CommandConflict, type RunFinished } from "@quarterdeck/core/protocol/result";
import type { RunInput } from "@quarterdeck/core/protocol/run-input";
import { openSigned, sha256Base64Url, signText, type SignedText } from "@quarterdeck/core/protocol/signing";
import { withdrawnCommand } from "@quarterdeck/core/protocol/withdrawn-command";
import { protocolRange } from "@quarterdeck/core/protocol/version";
import { WebSocketServer, type WebSocket } from "ws";
import { Changes } from "./changes.ts";
import { FakePlatform, newKey, type CommandWish, type Key, type OpenedResult } from "./fake-platform.ts";

/** The relay and its platform as a bridge sees them. It keeps what the bridge sent. */
export class FakeRelay {
  readonly changes = new Changes();
  readonly platform: FakePlatform;
  readonly results: { seq: number; result: OpenedResult }[] = [];
  /** The commands that it refused beside a run's own result. */
  readonly conflicts: CommandConflict[] = [];
  readonly output = new Map<RunId, { bytes: Buffer; isEnded: boolean; firstAtMs: number; pieces: number }>();
  readonly frames: BridgeToRelay[] = [];
  readonly closes: number[] = [];
  /** Set to keep results unacknowledged, as a relay that dies at once would. */
  holdsResults = false;
  /** What the platform's address serves besides: by path, bytes or an answer of one's own. */
  readonly files = new Map<string, Buffer | ((response: ServerResponse) => void)>();
  /** What a relay of the future says besides, in its handshake. */
  future: { challenge?: object; welcome?: object } = {};
  /** What happens while a bridge waits for its welcome. */
  beforeWelcome: () => Promise<void> = () => Promise.resolve();
  /** Set to give no credit for output back, as a relay that is busy would. */
  holdsCredit = false;
  #heldCredit = 0;
  /** What was wrong with frames of the bridge. */
  readonly #complaints: unknown[] = [];
  readonly #withheld = new Set<number>();
  /** Unset to leave out what bridges are told about the platform's keys. */
  announcesKeys = true;
  relayKey: Key;
  /** What it says about itself, where that is not the truth. */
  spokenRange = protocolRange;
  welcomeChanges: Partial<WelcomeBody> = {};
  /** The handshake frames of every connection. Set `replay` to say those of an earlier one again. */
  readonly handshakes: { challenge: string; welcome: string }[] = [];
  replay: { challenge: string; welcome: string } | undefined;
  /** Set to let somebody else answer who can prove nothing. */
  impostor: ((socket: WebSocket) => void) | undefined;
  certificateExpiresAtMs = Date.now() + 3_600_000;
  hello: HelloBody | undefined;
  epoch = 0;
  acknowledged = 0;
  port = 0;
  lastFrameAtMs = 0;
  #http: Server;
  #webSockets: WebSocketServer | undefined;
  #sockets = new Set<WebSocket>();
  #socket: WebSocket | undefined;
  #storedResults = 0;
  #commands: ({ seq: number } & CommandText)[] = [];
  #interest: { telemetry: boolean; runs: { runId: RunId; fromOffset: number | null }[] } = {
    telemetry: false,
    runs: [],
  };

  private constructor(platform: FakePlatform, relayKey: Key) {
    this.platform = platform;
    this.relayKey = relayKey;
    this.#http = createServer((request, response) => {
      const file = this.files.get(request.url ?? "");
      if (file) return typeof file === "function" ? file(response) : response.end(file);
      if (request.url !== "/enrol") return response.writeHead(404).end();
      if (request.method === "GET")
        return response.end(JSON.stringify({ platformKey: this.platform.current.publicKey }));
      let text = "";
      request.on("data", (data: Buffer) => (text += data.toString()));
      request.on("end", () => {
        void this.platform
          .enrol(JSON.parse(text) as SignedText, `ws://127.0.0.1:${this.port}`)
          .then(([status, body]) => response.writeHead(status).end(JSON.stringify(body)));
      });
      return undefined;
    });
  }

  static async start(): Promise<FakeRelay> {
    const relay = new FakeRelay(await FakePlatform.create(), await newKey());
    await relay.listen();
    return relay;
  }

  async listen(): Promise<void> {
    this.#webSockets = new WebSocketServer({ server: this.#http });
    this.#webSockets.on("connection", (socket) => void this.#greet(socket));
    await new Promise<void>((resolve) => this.#http.listen(this.port, "127.0.0.1", resolve));
    this.port = (this.#http.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }
  get isOnline(): boolean {
    return this.#socket !== undefined;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.terminate();
    this.#webSockets?.close();
    this.#http.closeAllConnections();
    await new Promise<void>((resolve) => this.#http.close(() => resolve()));
    const complaints = this.#complaints.splice(0);
    if (complaints.length > 0) throw new AggregateError(complaints, "the bridge broke the protocol");
  }

  /** Cuts the connection, as a deployment does. */
  cut(code = 1012): void {
    for (const socket of this.#sockets) socket.close(code);
  }

  async #greet(socket: WebSocket): Promise<void> {
    this.#sockets.add(socket);
    socket.on("close", (code) => {
      this.closes.push(code);
      this.#sockets.delete(socket);
      if (this.#socket === socket) this.#socket = undefined;
      this.changes.notify();
    });
    if (this.impostor) return this.impostor(socket);
    const certificate = JSON.stringify({ relayKey: this.relayKey.publicKey, expiresAtMs: this.certificateExpiresAtMs });
    const fresh = encodeFrame({
      type: "challenge",
      relayNonce: randomBytes(32).toString("base64url"),
      relayTimeMs: Date.now(),
      protocolRange: this.spokenRange,
      relayCertificate: await signText(this.platform.current.privateKey, "relayCertificate", certificate),
      ...this.future.challenge,
    } as RelayToBridge);
    const challenge = this.replay?.challenge ?? fresh;
    let inOrder = Promise.resolve();
    socket.on("message", (data) => {
      this.lastFrameAtMs = performance.now();
      inOrder = inOrder
        .then(() => this.#received(socket, challenge, (data as Buffer).toString()))
        .catch((error: unknown) => void this.#complaints.push(error));
    });
    socket.send(challenge);
  }

  async #received(socket: WebSocket, challenge: string, text: string): Promise<void> {
    if (text === "ping") return socket.send("pong");
    const decoded = decodeFrame(bridgeToRelaySchema, text);
    if (!decoded.ok) throw new Error(decoded.error.message);
    const frame = decoded.value;
    if (frame.type === "hello") await this.#welcome(socket, challenge, frame);
    else if (socket !== this.#socket)
      return; // Said before its successor was welcomed, read after.
    else if (frame.epoch !== this.epoch) throw new Error(`epoch ${frame.epoch} instead of ${this.epoch}`);
    else await this.#streamFrame(frame);
    this.frames.push(frame);
    this.changes.notify();
  }

  async #welcome(socket: WebSocket, challenge: string, text: SignedText): Promise<void> {
    if (this.replay) return socket.send(this.replay.welcome);
    const hello = await openSigned(
      { signed: text.signed, signature: text.signature },
      { keys: [this.platform.bridgeKey], domain: "hello", schema: helloBodySchema },
    );
    if (!hello.ok || hello.value.challengeHash !== (await sha256Base64Url(challenge))) return socket.close(4401);
    const isNewSession = this.hello !== undefined && this.hello.sessionId !== hello.value.sessionId;
    if (isNewSession) this.#storedResults = 0;
    this.hello = hello.value;
    this.epoch += 1;
    this.acknowledged = hello.value.received.commands;
    const welcome: WelcomeBody = {
      helloHash: await sha256Base64Url(text.signed),
      protocol: protocolRange.max,
      epoch: this.epoch,
      received: { results: this.#storedResults },
      credit: { outputBytes: limits.outputCreditBytes, results: limits.resultsInFlight },
      heartbeatMs: limits.heartbeatMs,
      spreadMs: 0,
      relayTimeMs: Date.now(),
      ...this.future.welcome,
      ...this.welcomeChanges,
    };
    const signed = await signText(this.relayKey.privateKey, "welcome", JSON.stringify(welcome));
    await this.beforeWelcome();
    // Not before it is signed: nothing may be said ahead of it.
    this.#socket = socket;
    this.handshakes.push({ challenge, welcome: encodeFrame({ type: "welcome", ...signed } as RelayToBridge) });
    this.#send({ type: "welcome", ...signed });
    const statements = this.platform.statements.slice(hello.value.keysVersion - 1);
    if (statements.length > 0 && this.announcesKeys) this.#send({ type: "keys", statements });
    const missing = this.#commands.filter(({ seq }) => seq > hello.value.received.commands);
    if (missing.length > 0) this.#send({ type: "commands", items: missing });
    if (this.#interest.runs.length > 0 || this.#interest.telemetry) {
      const runs = this.#interest.runs.map(({ runId }) => ({
        runId,
        fromOffset: this.output.get(runId)?.bytes.length ?? 0,
      }));
      this.#send({ type: "interest", ...this.#interest, runs });
    }
  }

  async #streamFrame(frame: Exclude<BridgeToRelay, { type: "hello" }>): Promise<void> {
    if (frame.type === "history") this.#send({ type: "historyStored", through: frame.through });
    if (frame.type === "ack") this.acknowledged = frame.through;
    if (frame.type === "results" && !this.holdsResults) {
      for (const { seq, ...text } of frame.items) {
        const opened = await openSigned(text, {
          keys: [this.platform.bridgeKey],
          domain: "result",
          schema: resultSchema,
        });
        if (!opened.ok) throw new Error(opened.error.message);
        if (seq !== this.#storedResults + 1) continue;
        this.#storedResults = seq;
        if (opened.value.kind === "conflict") this.conflicts.push(opened.value);
        else this.results.push({ seq, result: await this.platform.openResult(opened.value) });
      }
      this.#send({ type: "ack", stream: "results", through: this.#storedResults });
    }
    if (frame.type === "output") {
      const { offset, isEnd } = frame;
      const data = await this.platform.open(frame.data, frame.runId, { kind: "output", offset, isEnd });
      const known = this.output.get(frame.runId) ?? {
        bytes: Buffer.alloc(0),
        isEnded: false,
        firstAtMs: performance.now(),
        pieces: 0,
      };
      const fresh = data.subarray(Math.max(0, known.bytes.length - frame.offset));
      if (frame.offset > known.bytes.length) throw new Error("a hole in the output");
      this.output.set(frame.runId, {
        ...known,
        bytes: Buffer.concat([known.bytes, fresh]),
        isEnded: frame.isEnd,
        pieces: known.pieces + 1,
      });
      this.#heldCredit += data.length;
      if (!this.holdsCredit) this.giveCredit();
    }
  }

  #send(frame: RelayToBridge): void {
    this.#socket?.send(encodeFrame(frame));
  }

  /** For what nobody sends again after the next connection. */
  #sendNow(frame: RelayToBridge): void {
    this.#connected().send(encodeFrame(frame));
  }

  #connected(): WebSocket {
    if (!this.#socket) throw new Error("the bridge is not connected");
    return this.#socket;
  }

  /** Passes on what a viewer typed, or what a relay would like to have been typed. */
  sendInput(input: RunInput): void {
    this.#sendNow(input);
  }

  /** Leaves one out of the next commands when they are sent; it comes after the next connection. */
  withhold(index: number): void {
    this.#withheld.add(index);
  }

  /** Takes back the newest command: only its number is sent from now on. */
  withdrawLast(): void {
    const last = this.#commands.pop();
    if (!last) throw new Error("no command was sent");
    this.#commands.push({ seq: last.seq, ...withdrawnCommand });
  }

  /** Makes this the relay of a bridge whose journal is older: it has further results already. */
  skipResults(count: number): void {
    this.#storedResults += count;
  }

  /** Gives back what output has used. */
  giveCredit(): void {
    if (this.#heldCredit > 0) this.#send({ type: "credit", stream: "output", bytes: this.#heldCredit });
    this.#heldCredit = 0;
  }

  sendKeys(...statements: SignedText[]): void {
    this.#sendNow({ type: "keys", statements });
  }

  sendAuditHead({ signed, signature }: SignedText): void {
    this.#send({ type: "auditHead", signed, signature });
  }

  watch(interest: { telemetry?: boolean; runs?: readonly RunId[] }): void {
    this.#interest = {
      telemetry: interest.telemetry ?? false,
      runs: (interest.runs ?? []).map((runId) => ({ runId, fromOffset: this.output.has(runId) ? null : 0 })),
    };
    this.#send({ type: "interest", ...this.#interest });
  }

  sendSigned(...texts: CommandText[]): void {
    const items = texts.map((text) => ({ seq: this.#commands.length + 1 + texts.indexOf(text), ...text }));
    this.#commands.push(...items);
    const sent = items.filter((_, index) => !this.#withheld.has(index));
    this.#withheld.clear();
    this.#send({ type: "commands", items: sent });
  }

  async send(wish: CommandWish): Promise<RunId> {
    const { command, text } = await this.platform.makeCommand(wish);
    this.sendSigned(text);
    return command.runId;
  }

  /** Sends text as it is, whatever it is. */
  sendRaw(text: string): void {
    this.#connected().send(text);
  }

  finished(runId: RunId): RunFinished | undefined {
    return this.results
      .map(({ result }) => result)
      .find((result): result is RunFinished => result.runId === runId && result.kind === "finished");
  }

  timesFinished(runId: RunId): number {
    return this.results.filter(({ result }) => result.runId === runId && result.kind === "finished").length;
  }

  async untilFinished(runId: RunId, timeoutMs?: number): Promise<RunFinished> {
    return this.changes.until(() => this.finished(runId), `the end of ${runId}`, timeoutMs);
  }

  async untilStarted(runId: RunId): Promise<void> {
    await this.changes.until(
      () => this.results.some(({ result }) => result.runId === runId && result.kind === "started"),
      `the start of ${runId}`,
    );
  }

  /** Sends a command and waits for its end. */
  async run(wish: CommandWish): Promise<RunFinished> {
    return this.untilFinished(await this.send(wish));
  }

  async untilOnline(): Promise<void> {
    await this.changes.until(() => this.isOnline, "the bridge");
  }
}
