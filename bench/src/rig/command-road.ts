import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { createClient, type QuarterdeckClient } from "@quarterdeck/api/client";
import type { ServerId, TaskId, WorkspaceId } from "@quarterdeck/core/ids";
import { id } from "../../../apps/relay/test/platform.ts";
import { enrol } from "../../../packages/bridge/src/enrolment/enrol.ts";
import { DataDirectory } from "../../../packages/bridge/src/data-directory.ts";
import { ApiProcess } from "./api-process.ts";
import { BridgeEnd, type BridgeEndOptions } from "./bridge-end.ts";
import { findFreePort } from "../../../apps/api/src/embedded/free-port.ts";
import { RelayProcess } from "./relay-process.ts";

/** The road of a command: shipped API and relay in processes on the server's core, and a bridge here whose action does nothing. */
export class CommandRoad implements AsyncDisposable {
  readonly client: QuarterdeckClient;
  readonly api: ApiProcess;
  readonly relay: RelayProcess;
  readonly #bridge: BridgeEnd;
  readonly #workspaceId: WorkspaceId;
  readonly #serverId: ServerId;
  readonly #database: DatabaseSync;
  readonly #folder: string;

  private constructor(parts: {
    client: QuarterdeckClient;
    api: ApiProcess;
    relay: RelayProcess;
    bridge: BridgeEnd;
    workspaceId: WorkspaceId;
    serverId: ServerId;
    folder: string;
  }) {
    this.client = parts.client;
    this.api = parts.api;
    this.relay = parts.relay;
    this.#bridge = parts.bridge;
    this.#workspaceId = parts.workspaceId;
    this.#serverId = parts.serverId;
    this.#folder = parts.folder;
    this.#database = new DatabaseSync(parts.api.databaseFile, { readOnly: true });
  }

  static async open(
    handlers: Pick<BridgeEndOptions, "onCommands" | "onResult" | "act" | "onOnline">,
  ): Promise<CommandRoad> {
    const folder = mkdtempSync(join(tmpdir(), "quarterdeck-bench-road-"));
    const apiFolder = join(folder, "api");
    const relayFolder = join(folder, "relay");
    for (const path of [apiFolder, relayFolder]) mkdirSync(path);
    const [port, internalPort, relayPort] = [await findFreePort(), await findFreePort(), await findFreePort()];
    const keys = await ApiProcess.relayKeys(apiFolder);
    const relay = await RelayProcess.start({ keys, folder: relayFolder, apiPort: internalPort, port: relayPort });
    const api = await ApiProcess.start({ folder: apiFolder, port, internalPort, relayPort });
    const client = createClient({ url: api.url });
    const password = "lantern orchard velvet 9 canyon";
    const setupToken = await api.setupToken();
    await client.api.auth.setUp.mutate({ setupToken, email: "bench@example.org", password, orgName: "Bench" });

    const { command } = await client.api.servers.createEnrolment.mutate({});
    const option = (name: string) => new RegExp(` --${name} (\\S+)`).exec(command)?.[1] ?? "";
    const data = DataDirectory.open(join(folder, "bridge"));
    const platformKey = option("platform-key");
    const identity = await enrol({ data, url: api.url, token: option("token"), platformKey, name: "bench" });
    const { promise: online, resolve } = Promise.withResolvers<void>();
    const bridge = await BridgeEnd.open({
      ...handlers,
      identity: { ...identity, relayUrl: `ws://127.0.0.1:${relayPort}` },
      folder: data.path,
      onOnline() {
        resolve();
        handlers.onOnline?.();
      },
    });
    await online;
    const { serverId } = identity;
    const { workspaceId } = await client.api.workspaces.create.mutate({ name: "Bench", serverId });
    const road = new CommandRoad({ client, api, relay, bridge, workspaceId, serverId, folder });
    await road.untilEnded(1);
    return road;
  }

  /** Submits a command; resolves when the API has it durably. */
  async submit(): Promise<void> {
    const taskId: TaskId = id("task");
    const params = { program: "true", args: [] };
    const task = { taskId, workspaceId: this.#workspaceId, projectId: null, action: "exec", params } as const;
    await this.client.api.tasks.submit.mutate(task);
  }

  /** How many commands the API has recorded the ends of. */
  endedCount(): number {
    const statement = this.#database.prepare(`SELECT count(*) AS n FROM runs WHERE "serverId" = ? AND state = 'ended'`);
    return Number(statement.get(this.#serverId)?.["n"]);
  }

  /** Looks again and again, so that the moment shows to some microseconds. */
  async untilEnded(count: number): Promise<void> {
    while (this.endedCount() < count) await new Promise((resolve) => setImmediate(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#bridge.close();
    this.#database.close();
    await this.client.close();
    await this.api.kill();
    await this.relay.runtime.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
