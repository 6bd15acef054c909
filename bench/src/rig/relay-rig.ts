import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Topic } from "@quarterdeck/core/protocol/ticket";
import { featuresText } from "@quarterdeck/core/protocol/viewer-features";
import { orgId, Platform } from "../../../apps/relay/test/platform.ts";
import { CountingApi } from "../storm/counting-api.ts";
import type { Identity } from "../../../packages/bridge/src/identity.ts";
import { BridgeEnd, type BridgeEndOptions } from "./bridge-end.ts";
import { makeIdentity } from "./bridge-identity.ts";
import { RelayProcess } from "./relay-process.ts";
import { socketUrl, WireEnd } from "./wire-end.ts";

type BridgeHandlers = Omit<BridgeEndOptions, "identity" | "folder">;

/** The shipped relay with a stand-in for the API, and what opens shipped bridges and viewers to it. */
export class RelayRig implements AsyncDisposable {
  readonly relay: RelayProcess;
  readonly platform: Platform;
  readonly api: CountingApi;
  readonly folder: string;
  readonly #bridges: BridgeEnd[] = [];
  readonly #viewers: WireEnd[] = [];

  private constructor(parts: { relay: RelayProcess; platform: Platform; api: CountingApi; folder: string }) {
    this.relay = parts.relay;
    this.platform = parts.platform;
    this.api = parts.api;
    this.folder = parts.folder;
  }

  static async start(): Promise<RelayRig> {
    const folder = mkdtempSync(join(tmpdir(), "quarterdeck-bench-relay-"));
    const api = await CountingApi.start();
    const platform = await Platform.make();
    const relay = await RelayProcess.start({ keys: platform, folder, apiPort: api.port });
    return new RelayRig({ relay, platform, api, folder });
  }

  get pid(): number {
    return this.relay.runtime.pid;
  }

  makeIdentity(): Promise<Identity> {
    return makeIdentity(this.platform.keys, `ws://127.0.0.1:${this.relay.runtime.port}`);
  }

  /** Tells the relay of a server, as the API does. */
  async announce({ serverId, publicKey }: Identity): Promise<void> {
    await this.relay.post(serverId, [{ kind: "register", orgId, publicKey }]);
  }

  async register(): Promise<Identity> {
    const identity = await this.makeIdentity();
    await this.announce(identity);
    return identity;
  }

  /** Opens a bridge and waits until it is online. */
  async openBridge(identity: Identity, handlers: BridgeHandlers = {}): Promise<BridgeEnd> {
    const folder = join(this.folder, "bridges", identity.serverId);
    mkdirSync(folder, { recursive: true });
    const { promise: online, resolve } = Promise.withResolvers<void>();
    const bridge = await BridgeEnd.open({
      ...handlers,
      identity,
      folder,
      onOnline() {
        resolve();
        handlers.onOnline?.();
      },
    });
    this.#bridges.push(bridge);
    await online;
    return bridge;
  }

  /** Opens a viewer that understands what the console does, and answers checkpoints as it does. */
  async openViewer({ serverId }: Identity, topics: Topic[], onMessage: (message: Buffer) => void): Promise<WireEnd> {
    const { runtime } = this.relay;
    const ticket = await this.platform.ticket(serverId, topics);
    const address = `/viewer/${serverId}?ticket=${ticket}&features=${featuresText()}`;
    const viewer = await WireEnd.open(socketUrl(runtime.url, address), (message) => {
      onMessage(message);
      if (topics.includes("telemetry")) answerCheckpoints(message, (text) => viewer.send(text));
    });
    this.#viewers.push(viewer);
    return viewer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const end of [...this.#viewers, ...this.#bridges]) end.close();
    await this.relay.runtime.kill();
    await this.api[Symbol.asyncDispose]();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

const checkpoint = /"type":"checkpoint","number":(\d+)/;

function answerCheckpoints(message: Buffer, send: (text: string) => void): void {
  const number = checkpoint.exec(message.toString())?.[1];
  if (number !== undefined) send(JSON.stringify({ type: "reached", number: Number(number) }));
}
