import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateSigningKey } from "@quarterdeck/core/protocol/signing";
import type { Topic } from "@quarterdeck/core/protocol/ticket";
import { id, orgId, Platform } from "../../../apps/relay/test/platform.ts";
import { CountingApi } from "../storm/counting-api.ts";
import { BridgeEnd, type BridgeEndOptions, type BridgeIdentity } from "./bridge-end.ts";
import { RelayProcess } from "./relay-process.ts";
import { socketUrl, WireEnd } from "./wire-end.ts";

type BridgeHandlers = Omit<BridgeEndOptions, "identity" | "platformKeys" | "relayUrl" | "folder">;

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

  async makeIdentity(): Promise<BridgeIdentity> {
    return { serverId: id("server"), ...(await generateSigningKey()) };
  }

  /** Tells the relay of a server, as the API does. */
  async announce({ serverId, publicKey }: BridgeIdentity): Promise<void> {
    await this.relay.post(serverId, [{ kind: "register", orgId, publicKey }]);
  }

  async register(): Promise<BridgeIdentity> {
    const identity = await this.makeIdentity();
    await this.announce(identity);
    return identity;
  }

  /** Opens a bridge and waits until it is online. */
  async openBridge(identity: BridgeIdentity, handlers: BridgeHandlers = {}): Promise<BridgeEnd> {
    const folder = join(this.folder, "bridges", identity.serverId);
    mkdirSync(folder, { recursive: true });
    const { promise: online, resolve } = Promise.withResolvers<void>();
    const bridge = await BridgeEnd.open({
      ...handlers,
      identity,
      platformKeys: [this.platform.publicKey],
      relayUrl: `ws://127.0.0.1:${this.relay.runtime.port}`,
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

  async openViewer(
    { serverId }: BridgeIdentity,
    topics: Topic[],
    onMessage: (message: Buffer) => void,
  ): Promise<WireEnd> {
    const { runtime } = this.relay;
    const ticket = await this.platform.ticket(serverId, topics);
    const viewer = await WireEnd.open(socketUrl(runtime.url, `/viewer/${serverId}?ticket=${ticket}`), onMessage);
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
