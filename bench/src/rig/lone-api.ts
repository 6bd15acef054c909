import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient, type QuarterdeckClient } from "@quarterdeck/api/client";
import type { ServerId, WorkspaceId } from "@quarterdeck/core/ids";
import { findFreePort } from "../../../apps/api/src/embedded/free-port.ts";
import { enrol } from "../../../packages/bridge/src/enrolment/enrol.ts";
import { DataDirectory } from "../../../packages/bridge/src/data-directory.ts";
import { ApiProcess } from "./api-process.ts";

/** The shipped API in a process on the server's core, with an account, a server that is away, and a workspace on it. Its relay is away too. */
export class LoneApi implements AsyncDisposable {
  api: ApiProcess;
  readonly client: QuarterdeckClient;
  readonly serverId: ServerId;
  readonly workspaceId: WorkspaceId;
  readonly #options: Parameters<typeof ApiProcess.start>[0];
  readonly #folder: string;

  private constructor(parts: {
    api: ApiProcess;
    client: QuarterdeckClient;
    serverId: ServerId;
    workspaceId: WorkspaceId;
    options: Parameters<typeof ApiProcess.start>[0];
    folder: string;
  }) {
    this.api = parts.api;
    this.client = parts.client;
    this.serverId = parts.serverId;
    this.workspaceId = parts.workspaceId;
    this.#options = parts.options;
    this.#folder = parts.folder;
  }

  static async start(): Promise<LoneApi> {
    const folder = mkdtempSync(join(tmpdir(), "quarterdeck-bench-api-"));
    mkdirSync(join(folder, "api"));
    const [port, internalPort, relayPort] = [await findFreePort(), await findFreePort(), await findFreePort()];
    const options = { folder: join(folder, "api"), port, internalPort, relayPort };
    const api = await ApiProcess.start(options);
    const client = createClient({ url: api.url });
    const password = "lantern orchard velvet 9 canyon";
    const setupToken = await api.setupToken();
    await client.api.auth.setUp.mutate({ setupToken, email: "bench@example.org", password, orgName: "Bench" });
    const { command } = await client.api.servers.createEnrolment.mutate({});
    const option = (name: string) => new RegExp(` --${name} (\\S+)`).exec(command)?.[1] ?? "";
    const data = DataDirectory.open(join(folder, "bridge"));
    const platformKey = option("platform-key");
    const { serverId } = await enrol({ data, url: api.url, token: option("token"), platformKey, name: "bench" });
    const { workspaceId } = await client.api.workspaces.create.mutate({ name: "Bench", serverId });
    return new LoneApi({ api, client, serverId, workspaceId, options, folder });
  }

  /** What lets a request in as the account's. */
  get headers(): Readonly<Record<string, string>> {
    return { authorization: `Bearer ${this.client.sessionToken() ?? ""}` };
  }

  query(procedure: string, input: unknown): string {
    return `${this.api.url}/trpc/${procedure}?input=${encodeURIComponent(JSON.stringify(input))}`;
  }

  async kill(): Promise<void> {
    await this.api.kill();
  }

  /** Starts it again on what it had. */
  async begin(): Promise<void> {
    this.api = await ApiProcess.start(this.#options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close();
    await this.api.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
