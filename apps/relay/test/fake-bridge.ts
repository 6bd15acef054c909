import { toBase64Url } from "@quarterdeck/core/base64";
import type { RunId, ServerId, SessionId } from "@quarterdeck/core/ids";
import type { Capabilities } from "@quarterdeck/core/protocol/capabilities";
import type { Command, CommandText } from "@quarterdeck/core/protocol/command";
import { type HelloBody, welcomeBodySchema, type WelcomeBody } from "@quarterdeck/core/protocol/handshake";
import {
  generateSigningKey,
  importSigningKey,
  openSigned,
  sha256Base64Url,
  signText,
  type SignedText,
} from "@quarterdeck/core/protocol/signing";
import { protocolRange } from "@quarterdeck/core/protocol/version";
import { id } from "./platform.ts";
import { sealedLike } from "./sealed-piece.ts";
import { type Frame, Peer } from "./peer.ts";
import type { RelayRuntime } from "./relay-runtime.ts";

export const capabilities: Capabilities = {
  bridgeVersion: "0.1.0",
  actions: ["exec"],
  features: ["drain", "sealedInput"],
  programs: ["echo"],
  driver: "process",
  isolation: "hidden",
  capacity: { cpu: 2000, memory: 1_000_000, runs: 4 },
  host: { hostname: "box", os: "Debian 12", arch: "x64", kernel: "6.1" },
};

/** A connection of a bridge after its welcome. */
export interface Connection {
  readonly peer: Peer;
  readonly welcome: WelcomeBody;
}

/** A server with a registered key, whose bridge speaks the protocol as the tests tell it. */
export class FakeServer {
  readonly serverId: ServerId;
  readonly relay: RelayRuntime;
  readonly publicKey: string;
  sessionId: SessionId = id("session");
  bootId = "boot-1";
  capabilities = capabilities;
  position = 0;
  commandsReceived = 0;
  keysVersion = 1;
  resultsSent = 0;
  readonly #key: CryptoKey;

  private constructor(relay: RelayRuntime, publicKey: string, key: CryptoKey) {
    this.serverId = id("server");
    this.relay = relay;
    this.publicKey = publicKey;
    this.#key = key;
  }

  /** Makes a server; `isRegistered: false` leaves out that the API announces it. */
  static async make(
    relay: RelayRuntime,
    { orgId, isRegistered = true }: { orgId: string; isRegistered?: boolean },
  ): Promise<FakeServer> {
    const pair = await generateSigningKey();
    const server = new FakeServer(relay, pair.publicKey, await importSigningKey(pair.privateKeyPkcs8));
    if (isRegistered) await server.outbox({ kind: "register", orgId, publicKey: pair.publicKey });
    return server;
  }

  /** Posts entries with the next positions. */
  async outbox(...entries: object[]): Promise<number> {
    return await this.relay.postOutbox(
      this.serverId,
      entries.map((entry) => ({ ...entry, position: ++this.position })),
    );
  }

  /** Submits a run. Returns its command. */
  async submit(parts: Partial<Command> = {}): Promise<Command> {
    const { command, ...text } = await this.relay.platform.command(this.serverId, parts);
    await this.outbox({ kind: "command", ...text });
    return command;
  }

  async cancel(runId: RunId): Promise<void> {
    await this.outbox({ kind: "cancel", runId, ...(await this.relay.platform.cancelOf(this.serverId, runId)) });
  }

  dial(): Peer {
    return new Peer(new URL(`/bridge/${this.serverId}`, this.relay.url.href.replace("http", "ws")));
  }

  async hello(challengeText: string, parts: Partial<HelloBody> = {}): Promise<SignedText> {
    const body: HelloBody = {
      challengeHash: await sha256Base64Url(challengeText),
      protocolRange,
      serverId: this.serverId,
      sessionId: this.sessionId,
      bootId: this.bootId,
      bridgeNonce: toBase64Url(crypto.getRandomValues(new Uint8Array(32))),
      capabilities: this.capabilities,
      received: { commands: this.commandsReceived },
      keysVersion: this.keysVersion,
      ...parts,
    };
    return await signText(this.#key, "hello", JSON.stringify(body));
  }

  /** Connects and shakes hands; verifies the welcome as a bridge does. */
  async connect(parts: Partial<HelloBody> = {}): Promise<Connection> {
    const peer = this.dial();
    await peer.next("challenge");
    const hello = await this.hello(peer.texts[0] ?? "", parts);
    peer.send({ type: "hello", ...hello });
    const { signed, signature } = await peer.next<Frame & SignedText>("welcome");
    const welcome = await openSigned(
      { signed, signature },
      { keys: [this.relay.platform.relay.publicKey], domain: "welcome", schema: welcomeBodySchema },
    );
    if (!welcome.ok) throw new Error(welcome.error.message);
    if (welcome.value.helloHash !== (await sha256Base64Url(hello.signed)))
      throw new Error("the welcome is for another hello");
    return { peer, welcome: welcome.value };
  }

  /** Takes the next commands frame; acknowledges it unless told otherwise. */
  async commands(
    { peer, welcome }: Connection,
    { isAcknowledged = true } = {},
  ): Promise<(Command & { seq: number })[]> {
    const frame = await peer.next<Frame & { items: (CommandText & { seq: number })[] }>("commands");
    const last = frame.items.at(-1)?.seq ?? 0;
    if (isAcknowledged) {
      this.commandsReceived = last;
      peer.send({ type: "ack", epoch: welcome.epoch, stream: "commands", through: last });
    }
    return Promise.all(
      frame.items.map(async ({ seq, signed, sealed }) => {
        const command = JSON.parse(signed) as Command;
        const hash = sealed === null ? null : await sha256Base64Url(sealed);
        if (command.action !== "task.cancel" && command.sealedHash !== hash)
          throw new Error("a command came with another one's sealed part");
        return { ...command, seq };
      }),
    );
  }

  async result(command: Command, parts: object = {}): Promise<SignedText> {
    const { commandId, runId, taskId, attempt } = command;
    const body = {
      v: 1,
      serverId: this.serverId,
      commandId,
      runId,
      taskId,
      attempt,
      kind: "finished",
      verdict: "succeeded",
      exitCode: 0,
      signal: null,
      startedAtMs: Date.now(),
      finishedAtMs: Date.now(),
      durationMs: 5,
      outputBytes: 6,
      outputCutBytes: 0,
      tail: sealedLike(new TextEncoder().encode("hello\n")),
      code: null,
      message: null,
      quote: null,
      repository: null,
      ...parts,
    };
    return await signText(this.#key, "result", JSON.stringify(body));
  }

  /** Sends that a run finished, and waits for the acknowledgement. */
  async finish({ peer, welcome }: Connection, command: Command): Promise<void> {
    const seq = ++this.resultsSent;
    peer.send({ type: "results", epoch: welcome.epoch, items: [{ seq, ...(await this.result(command)) }] });
    await peer.next<Frame & { through: number }>("ack", (ack) => ack.through >= seq);
  }
}
