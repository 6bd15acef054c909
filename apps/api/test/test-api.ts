import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TRPCClientError } from "@trpc/client";
import { makeId, type Id, type IdKind, type OrgId, type ServerId, type WorkspaceId } from "@quarterdeck/core/ids";
import type { Clock } from "@quarterdeck/core/clock";
import type { Report } from "@quarterdeck/core/protocol/relay-api";
import type { Role } from "../src/auth/permissions.ts";
import { createClient, type QuarterdeckClient } from "../src/client.ts";
import { members, orgs, users } from "../src/db/schema.ts";
import { readEnv } from "../src/env.ts";
import { addQuotaNode } from "../src/quotas/counted-places.ts";
import { createLog } from "../src/log.ts";
import type { DeliverMail } from "../src/mail/mailer.ts";
import { startApi, type StartedApi } from "../src/start-api.ts";
import { systemClock } from "../src/system-clock.ts";
import { capabilities, FakeBridge } from "./fake-bridge.ts";
import { FakeRelay } from "./fake-relay.ts";

export const owner = { email: "ada@example.com", password: "an orchard of plums" };

/** The numbering of the relay's reports, unless a test says another. */
export const reportStream = "stream";

export function newId<K extends IdKind>(kind: K): Id<K> {
  return makeId(kind, Date.now(), randomBytes(16));
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
export type UnnumberedReport = DistributiveOmit<Report, "seq" | "atMs">;

/** A whole API on loopback, with a database file and a relay that is a double. */
export class TestApi implements AsyncDisposable {
  readonly dataDir: string;
  readonly relay: FakeRelay;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #clients: QuarterdeckClient[] = [];
  readonly #nextSeq = new Map<ServerId, number>();
  readonly logLines: string[];
  api: StartedApi;

  private constructor(parts: {
    dataDir: string;
    relay: FakeRelay;
    environment: NodeJS.ProcessEnv;
    logLines: string[];
    api: StartedApi;
  }) {
    this.dataDir = parts.dataDir;
    this.relay = parts.relay;
    this.#environment = parts.environment;
    this.logLines = parts.logLines;
    this.api = parts.api;
  }

  static async start(
    environment: NodeJS.ProcessEnv = {},
    clock: Clock = systemClock,
    deliverMail: DeliverMail | null = null,
  ): Promise<TestApi> {
    const dataDir = await mkdtemp(join(tmpdir(), "quarterdeck-api-"));
    const relay = new FakeRelay();
    await relay.start();
    const complete = {
      QUARTERDECK_DATA: dataDir,
      QUARTERDECK_PORT: "0",
      QUARTERDECK_INTERNAL_PORT: "0",
      QUARTERDECK_RELAY_URL: relay.url,
      QUARTERDECK_LOG_LEVEL: "trace",
      ...environment,
    };
    const logLines: string[] = [];
    const api = await startApi(readEnv(complete), { log: logTo(logLines), clock, deliverMail });
    return new TestApi({ dataDir, relay, environment: complete, logLines, api });
  }

  get origin(): string {
    return this.api.origin;
  }

  /** Stops the API and starts it again on the same data and port. */
  async restart(meanwhile: () => Promise<void> = () => Promise.resolve()): Promise<void> {
    const { port } = new URL(this.origin);
    await this.api.stop();
    await meanwhile();
    this.api = await startApi(readEnv({ ...this.#environment, QUARTERDECK_PORT: port }), { log: logTo(this.logLines) });
  }

  /** An account in an org of its own, made directly in the database. */
  async outsider(role: Role = "owner"): Promise<QuarterdeckClient> {
    return this.client(await this.#account({ orgId: newId("org"), isNewOrg: true, role }));
  }

  /** One more account in an org. */
  async memberOf(orgId: OrgId, role: Role): Promise<QuarterdeckClient> {
    return this.client(await this.#account({ orgId, isNewOrg: false, role }));
  }

  async #account({ orgId, isNewOrg, role }: { orgId: OrgId; isNewOrg: boolean; role: Role }): Promise<string> {
    const { writer, sessions } = this.api.runtime;
    const { db } = this.api.database;
    const userId = newId("user");
    const nowMs = Date.now();
    const org = { orgId, name: "Other", createdAtMs: nowMs, claimedAtMs: nowMs };
    const user = { userId, email: `${userId}@example.com`, passwordHash: "none", createdAtMs: nowMs };
    await writer.commit([
      ...(isNewOrg ? [db.insert(orgs).values(org), addQuotaNode({ id: orgId, parentId: null })] : []),
      db.insert(users).values(user),
      db.insert(members).values({ orgId, userId, role, createdAtMs: nowMs }),
    ]);
    return (await sessions.create({ userId, nowMs, address: "127.0.0.1" })).token;
  }

  client(sessionToken?: string): QuarterdeckClient {
    const client = createClient({ url: this.origin, ...(sessionToken === undefined ? {} : { sessionToken }) });
    this.#clients.push(client);
    return client;
  }

  async internal(path: string, body?: unknown): Promise<Response> {
    const { serviceKey, operatorKey } = this.api.runtime.keys;
    const key = path.startsWith("/relay/") ? serviceKey : operatorKey;
    return fetch(`${this.api.internalOrigin}${path}`, {
      method: body === undefined ? "GET" : "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  async setupToken(): Promise<string> {
    const { url } = (await (await this.internal("/internal/setup-link")).json()) as { url: string | null };
    return url?.split("token=")[1] ?? "";
  }

  /** Makes the first account and answers its client. */
  async signedUp(): Promise<QuarterdeckClient> {
    const client = this.client();
    await client.api.auth.setUp.mutate({ ...owner, setupToken: await this.setupToken(), orgName: "Orchard" });
    return client;
  }

  /** Connects a server, as far as the API sees that. */
  async connectServer(client: QuarterdeckClient): Promise<{ serverId: ServerId; bridge: FakeBridge }> {
    const { command } = await client.api.servers.createEnrolment.mutate({});
    const bridge = await FakeBridge.create();
    const { serverId } = await bridge.enrol(this.origin, tokenIn(command));
    await this.report(serverId, { kind: "online", epoch: 1, bootId: "boot", capabilities });
    return { serverId, bridge };
  }

  /** A signed-in owner with a connected server and a workspace on it. */
  async withWorkspace(account?: QuarterdeckClient): Promise<Fixture> {
    const client = account ?? (await this.signedUp());
    const { serverId, bridge } = await this.connectServer(client);
    const { workspaceId } = await client.api.workspaces.create.mutate({ name: "Shop", serverId });
    return { client, api: client.api, serverId, bridge, workspaceId };
  }

  /** Reports what the relay would, with the next number. */
  async report(serverId: ServerId, ...reports: UnnumberedReport[]): Promise<Response> {
    const first = this.#nextSeq.get(serverId) ?? 1;
    this.#nextSeq.set(serverId, first + reports.length);
    const numbered = reports.map((report, index) => ({ ...report, seq: first + index, atMs: Date.now() }));
    return this.internal("/relay/reports", { serverId, stream: reportStream, reports: numbered });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
    await this.api.stop();
    await this.relay.stop();
    await rm(this.dataDir, { recursive: true, force: true });
  }
}

export interface Fixture {
  readonly client: QuarterdeckClient;
  readonly api: QuarterdeckClient["api"];
  readonly serverId: ServerId;
  readonly bridge: FakeBridge;
  readonly workspaceId: WorkspaceId;
}

export function tokenIn(command: string): string {
  return / --token (\S+)/.exec(command)?.[1] ?? "";
}

function logTo(lines: string[]) {
  return createLog("trace", { write: (line: string) => void lines.push(line) });
}

/** The code of the refusal that a call meets. */
export async function refusalOf(call: Promise<unknown>): Promise<{ code: string; message: string }> {
  const outcome = await call.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if (!("error" in outcome)) throw new Error(`not refused: ${JSON.stringify(outcome.value)}`);
  if (!(outcome.error instanceof TRPCClientError)) throw outcome.error;
  const data: unknown = outcome.error.data;
  const code = typeof data === "object" && data !== null && "code" in data ? String(data.code) : "none";
  return { code, message: outcome.error.message };
}
