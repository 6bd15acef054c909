import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { asc, isNull } from "drizzle-orm";
import { expect, test } from "vitest";
import { verifyAudit } from "../src/audit/verify-audit.ts";
import { createClient, type QuarterdeckClient } from "../src/client.ts";
import { openDatabase } from "../src/db/database.ts";
import { auditChains, auditEntries, authSessions, members, orgs, tasks, users } from "../src/db/schema.ts";
import type { ChangeView } from "../src/events/views.ts";
import { hashToken, makeToken } from "../src/random-token.ts";
import { ApiProcess } from "./api-process.ts";
import { FakeBridge } from "./fake-bridge.ts";
import { LibsqlServer } from "./libsql-server.ts";
import { newId, owner, refusalOf, tokenIn } from "./test-api.ts";

// Two processes of the API on one libSQL server, over HTTP, with one relay.

/** How long the issue allows for what one replica did to be seen by the other. */
const withinFiveSeconds = { interval: 50, timeout: 5000 };

class Replicas implements AsyncDisposable {
  readonly server: LibsqlServer;
  readonly first: ApiProcess;
  readonly second: ApiProcess;
  readonly #clients: QuarterdeckClient[] = [];

  private constructor(server: LibsqlServer, first: ApiProcess, second: ApiProcess) {
    this.server = server;
    this.first = first;
    this.second = second;
  }

  static async start(): Promise<Replicas> {
    const server = await LibsqlServer.start();
    const environment = { QUARTERDECK_DATABASE_URL: server.url };
    const first = await ApiProcess.start(environment);
    // The keys are the platform's, not a process's.
    const dataDir = mkdtempSync(join(tmpdir(), "quarterdeck-replica-"));
    cpSync(join(first.dataDir, "keys"), join(dataDir, "keys"), { recursive: true });
    const second = await ApiProcess.on({ dataDir, relay: first.relay, environment });
    return new Replicas(server, first, second);
  }

  /** Somebody's client on a replica; without a token, one that is not signed in. */
  client(replica: ApiProcess, sessionToken?: string | null): QuarterdeckClient {
    const client = createClient({ url: replica.url, ...(sessionToken ? { sessionToken } : {}) });
    this.#clients.push(client);
    return client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
    await this.second[Symbol.asyncDispose]();
    await this.first[Symbol.asyncDispose]();
    await this.server[Symbol.asyncDispose]();
  }
}

function follow(client: QuarterdeckClient): { readonly seen: ChangeView[]; readonly ends: unknown[] } {
  const seen: ChangeView[] = [];
  const ends: unknown[] = [];
  client.api.events.changes.subscribe(undefined, {
    onData: ({ data }) => seen.push(data),
    onError: (error) => ends.push(error),
    onConnectionStateChange: ({ state, error }) => {
      if (state === "connecting" && error !== null) ends.push(error);
    },
  });
  return { seen, ends };
}

async function furnish({ api }: QuarterdeckClient, url: string) {
  const { command } = await api.servers.createEnrolment.mutate({});
  const { serverId } = await (await FakeBridge.create()).enrol(url, tokenIn(command));
  const { workspaceId } = await api.workspaces.create.mutate({ name: "Shop", serverId });
  const submit = async ({ api: through }: QuarterdeckClient) => {
    const params = { program: "echo", args: ["x"] };
    const submission = { taskId: newId("task"), workspaceId, projectId: null, action: "exec", params };
    await through.tasks.submit.mutate(submission);
    return submission.taskId;
  };
  return { serverId, workspaceId, submit };
}

test("sessions, rights that are taken away and live updates of one replica hold in the other within 5 s [T1]", async () => {
  await using replicas = await Replicas.start();
  const { first, second } = replicas;
  const there = replicas.client(second, first.client.sessionToken());
  const { orgId } = await there.api.orgs.current.query(); // Signed in at the first.
  const live = follow(there);
  await expect.poll(() => live.seen.length, withinFiveSeconds).toBeGreaterThan(0);
  const orgChanges = () => live.seen.filter(({ kind, id }) => kind === "org" && id === orgId).length;
  const before = orgChanges();
  await there.api.orgs.current.query(); // So that it is known there.
  await first.client.api.orgs.rename.mutate({ name: "Grove" });
  await expect.poll(orgChanges, withinFiveSeconds).toBeGreaterThan(before);
  expect(await there.api.orgs.current.query()).toMatchObject({ name: "Grove" });

  // A member has a page open at the second; the owner removes the member at the first.
  const database = await openDatabase(replicas.server.url, null);
  const [userId, token] = [newId("user"), makeToken("member")];
  const createdAtMs = Date.now();
  const user = { userId, email: "bob@example.com", passwordHash: "none", createdAtMs };
  await database.db.insert(users).values(user);
  await database.db.insert(members).values({ orgId, userId, role: "viewer", createdAtMs });
  const session = { tokenHash: hashToken(token), userId, createdAtMs, address: "127.0.0.1" };
  await database.db.insert(authSessions).values({ ...session, expiresAtMs: createdAtMs + 3_600_000_000 });
  const bob = replicas.client(second, token);
  const bobs = follow(bob);
  await expect.poll(() => bobs.seen.length, withinFiveSeconds).toBeGreaterThan(0);
  expect(bobs.ends).toEqual([]);
  await first.client.api.members.remove.mutate({ userId });
  await expect.poll(() => bobs.ends.length, withinFiveSeconds).toBeGreaterThan(0);
  expect((await refusalOf(bob.api.orgs.current.query())).code).toBe("NO_ORG");

  // Signing out at the first ends the session at the second, and the page that is open there.
  await first.client.api.auth.signOut.mutate();
  const state = async () => (await there.api.auth.state.query()).me;
  await expect.poll(state, withinFiveSeconds).toBeNull();
  expect((await refusalOf(there.api.orgs.current.query())).code).toBe("UNAUTHENTICATED");
  await expect.poll(() => live.ends.length, withinFiveSeconds).toBeGreaterThan(0);
  database.close();
}, 60_000);

test("what both write at once is all there, is sent once and in order, whichever of them is killed, and the audit is one chain [F1][E2]", async () => {
  await using replicas = await Replicas.start();
  const { first, second, server } = replicas;
  const database = await openDatabase(server.url, null);
  const clients = [first.client, replicas.client(second, first.client.sessionToken())] as const;
  const { serverId, submit } = await furnish(first.client, first.url);
  const submitted: string[] = [];
  const submitBy = async (client: QuarterdeckClient, count: number) => {
    for (let index = 0; index < count; index++) submitted.push(await submit(client));
  };
  const allChained = async () => {
    const waiting = async () => (await database.db.select().from(auditEntries).where(isNull(auditEntries.seq))).length;
    await expect.poll(waiting, { interval: 100, timeout: 20_000 }).toBe(0);
  };
  await Promise.all(clients.map((client) => submitBy(client, 15)));
  await allChained();
  // One of the two chains and sends: each is killed while the other goes on, so that what they claimed is taken over once at least.
  for (const [killed, left] of [
    [first, clients[1]],
    [second, clients[0]],
  ] as const) {
    await killed.kill();
    await submitBy(left, 10);
    await allChained();
    await killed.begin();
  }
  await Promise.all(clients.map((client) => submitBy(client, 5)));
  await allChained();

  const stored = await database.db.select({ taskId: tasks.taskId }).from(tasks).orderBy(asc(tasks.taskId));
  expect(stored.map(({ taskId }) => taskId)).toEqual(expect.arrayContaining(submitted));
  await first.relay.until(() => first.relay.commandsOf(serverId).length >= stored.length);
  const sent = first.relay.commandsOf(serverId).map(({ taskId }) => String(taskId));
  expect([...sent].sort()).toEqual(stored.map(({ taskId }) => String(taskId)).sort());
  const positions = first.relay.entriesOf(serverId).map(({ position }) => position);
  expect(positions).toEqual(positions.map((_, index) => index + 1));
  for (const { chainId, seq } of await database.db.select().from(auditChains)) {
    expect(await verifyAudit(database.db, chainId)).toMatchObject({ fault: null, head: { seq } });
  }
  const [org] = await database.db.select().from(orgs);
  const ofOrg = (await database.db.select().from(auditEntries)).filter(({ orgId }) => orgId === org!.orgId);
  expect(ofOrg.map(({ seq }) => seq!).sort((a, b) => a - b)).toEqual(ofOrg.map((_, index) => index + 1));
  expect(ofOrg.filter(({ action }) => action === "task.submit")).toHaveLength(stored.length);
  database.close();
}, 120_000);

test("a second process on a database file is refused, and the first goes on", async () => {
  const folder = await mkdtemp(join(tmpdir(), "quarterdeck-second-"));
  try {
    await using api = await ApiProcess.start();
    const child = spawn(process.execPath, [join(import.meta.dirname, "../src/server.ts")], {
      env: {
        PATH: process.env["PATH"],
        QUARTERDECK_DATA: folder,
        QUARTERDECK_DATABASE_URL: api.databaseUrl,
        QUARTERDECK_PORT: "0",
        QUARTERDECK_INTERNAL_PORT: "0",
        QUARTERDECK_RELAY_URL: api.relay.url,
      },
      stdio: ["ignore", "ignore", "pipe"],
    });
    let stderr = "";
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    const [code] = (await once(child, "close")) as [number];
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringMatching(/Another process has the database .*QUARTERDECK_DATABASE_URL/),
    });
    await api.client.api.auth.signOut.mutate();
    await api.client.api.auth.signIn.mutate(owner);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}, 60_000);
