import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { OrgId, UserId } from "@quarterdeck/core/ids";
import { quotaResources } from "@quarterdeck/core/quota/quota-resources";
import { SqlLedgerRows } from "@quarterdeck/core/quota/ledger/sql-ledger-rows";
import type { SqlRow } from "@quarterdeck/core/quota/sql-statement";
import { sqlLedgerSchema } from "@quarterdeck/core/quota/ledger/sql-ledger-schema";
import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { openDatabase } from "../src/db/database.ts";
import { migrateDatabase, migrationsFolder } from "../src/db/migrate.ts";
import { reportDrift } from "../src/quotas/report-drift.ts";
import { keepPlace, memberPlace, takePlace } from "../src/quotas/counted-places.ts";
import { askPlanLedger, planLedger } from "../src/quotas/plan-ledger.ts";
import { FakeBridge } from "./fake-bridge.ts";
import { newId, refusalOf, TestApi, tokenIn, type Fixture } from "./test-api.ts";

const url = "https://example.com/qs.git";

async function start() {
  const platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const { api, workspaceId } = fixture;
  const { orgId } = await api.orgs.current.query();
  const clone = (name: string, into = workspaceId) =>
    api.projects.createFromGit.mutate({ workspaceId: into, name, url });
  return {
    platform,
    fixture,
    api,
    workspaceId,
    orgId,
    clone,
    [Symbol.asyncDispose]: () => platform[Symbol.asyncDispose](),
  };
}

/** Each counter is what its reservations hold, and counts what there is. */
async function expectSound(platform: TestApi, { api }: Fixture): Promise<void> {
  expect(await askPlanLedger(platform.api.runtime, planLedger.reconcile())).toEqual([]);
  const { orgId } = await api.orgs.current.query();
  const { db } = platform.api.database;
  const [counted] = await db.all<Record<string, number>>(sql`select
    (select count(*) from projects where "orgId" = ${orgId}) as projects,
    (select count(*) from servers where "orgId" = ${orgId} and "revokedAtMs" is null) as servers`);
  expect((await api.quotas.get.query({ nodeId: orgId })).counts).toMatchObject(counted ?? {});
}

test("nothing has a limit until somebody sets one, and what there is is counted", async () => {
  await using opened = await start();
  const { api, orgId, workspaceId, clone } = opened;
  const { project } = await clone("qs");
  expect(await api.quotas.get.query({ nodeId: orgId })).toMatchObject({
    kind: "org",
    name: "Orchard",
    parentId: null,
    limits: {},
    isOvercommitted: false,
    counts: { projects: 1, members: 1, servers: 1 },
    overdraft: {},
    children: [{ nodeId: workspaceId, kind: "workspace", counts: { projects: 1 } }],
  });
  const of = await api.quotas.get.query({ nodeId: project.projectId });
  expect(of).toMatchObject({ kind: "project", name: "qs", parentId: workspaceId, counts: {}, children: [] });
  await expectSound(opened.platform, opened.fixture);
});

test("a project more than an org or a workspace may have is refused, with the node, the limit and what to do", async () => {
  await using opened = await start();
  const { api, orgId, workspaceId, clone, platform, fixture } = opened;
  await api.quotas.set.mutate({ nodeId: orgId, limits: { projects: 1 } });
  await clone("first");
  const before = (await api.tasks.list.query({})).tasks.length;
  expect(await refusalOf(clone("second"))).toEqual({
    code: "QUOTA_EXCEEDED",
    message: "Orchard may have 1 project and has 1. Remove one, or raise the limit of projects of Orchard.",
  });
  expect(await api.projects.list.query({ workspaceId })).toHaveLength(1);
  expect((await api.tasks.list.query({})).tasks).toHaveLength(before);
  expect((await refusalOf(clone("first"))).code).toBe("QUOTA_EXCEEDED");
  await api.quotas.set.mutate({ nodeId: orgId, limits: { projects: null } });
  await api.quotas.set.mutate({ nodeId: workspaceId, limits: { projects: 2 } });
  await clone("second");
  expect((await refusalOf(clone("third"))).message).toContain("Shop may have 2 projects");
  expect((await refusalOf(clone("second"))).code).toBe("QUOTA_EXCEEDED");
  await api.quotas.set.mutate({ nodeId: workspaceId, limits: { projects: 3 } });
  expect((await refusalOf(clone("second"))).code).toBe("NAME_TAKEN");
  await expectSound(platform, fixture);
});

test("a further workspace brings no further places: what an org may have is counted over all of them [T4]", async () => {
  await using opened = await start();
  const { api, orgId, fixture, clone } = opened;
  const { workspaceId: other } = await api.workspaces.create.mutate({ name: "Other", serverId: fixture.serverId });
  await api.quotas.set.mutate({ nodeId: orgId, limits: { projects: 1 } });
  await clone("one");
  expect((await refusalOf(clone("two", other))).message).toContain("Orchard may have 1 project");
});

test("of many projects at the same time exactly as many are made as there are places", async () => {
  await using opened = await start();
  const { api, orgId, workspaceId, clone, platform, fixture } = opened;
  await api.quotas.set.mutate({ nodeId: orgId, limits: { projects: 5 } });
  const made = await Promise.allSettled(Array.from({ length: 20 }, (_, n) => clone(`p${n}`)));
  expect(made.filter(({ status }) => status === "fulfilled")).toHaveLength(5);
  expect(await api.projects.list.query({ workspaceId })).toHaveLength(5);
  await expectSound(platform, fixture);
});

test("a limit below what there is takes nothing away, is shown as an overdraft, and lets nothing more in", async () => {
  await using opened = await start();
  const { api, orgId, workspaceId, clone } = opened;
  await clone("one");
  await clone("two");
  const lowered = await api.quotas.set.mutate({ nodeId: orgId, limits: { projects: 1 } });
  expect(lowered).toMatchObject({ limits: { projects: 1 }, counts: { projects: 2 }, overdraft: { projects: 1 } });
  expect(await api.projects.list.query({ workspaceId })).toHaveLength(2);
  expect((await refusalOf(clone("three"))).code).toBe("QUOTA_EXCEEDED");
});

test("what runs reserve is shown, and what they reserve above a limit that was lowered as an overdraft", async () => {
  await using opened = await start();
  const { api, orgId, workspaceId, platform, fixture } = opened;
  const { serverId, bridge } = fixture;
  const task = { workspaceId, projectId: null, action: "exec", params: { program: "echo", args: [] } };
  const tasks = await Promise.all([1, 2, 3].map(() => api.tasks.submit.mutate({ taskId: newId("task"), ...task })));
  await platform.relay.hasEntries(serverId, 5);
  for (const { runId } of tasks.slice(0, 2)) await platform.report(serverId, { kind: "dispatched", runId });
  const seen = async (nodeId: typeof orgId | typeof workspaceId) => {
    const { inUse, overdraft } = await api.quotas.get.query({ nodeId });
    return { inUse, overdraft };
  };
  const inUse = { cpu: 800, memory: 1024 ** 3, runs: 2 };
  expect(await seen(workspaceId)).toEqual({ inUse, overdraft: {} });
  await api.quotas.set.mutate({ nodeId: workspaceId, limits: { cpu: 500, runs: 2 } });
  expect(await seen(workspaceId)).toEqual({ inUse, overdraft: { cpu: 300 } });
  expect(await seen(orgId)).toEqual({ inUse, overdraft: {} });
  const command = platform.relay.commandsOf(serverId).find(({ runId }) => runId === tasks[0]?.runId)!;
  await platform.report(serverId, { kind: "result", ...(await bridge.start(command)) });
  expect((await seen(workspaceId)).inUse).toEqual(inUse);
  await platform.report(serverId, { kind: "result", ...(await bridge.finish(command)) });
  expect(await seen(workspaceId)).toEqual({ inUse: { cpu: 400, memory: 512 * 1024 ** 2, runs: 1 }, overdraft: {} });
});

test("a server more than the org may have is refused without using its token up, and a removed one gives its place back", async () => {
  await using opened = await start();
  const { api, orgId, platform, fixture } = opened;
  await api.quotas.set.mutate({ nodeId: orgId, limits: { servers: 1 } });
  const { command, enrolmentId } = await api.servers.createEnrolment.mutate({});
  const bridge = await FakeBridge.create();
  const enrol = () => bridge.enrol(platform.origin, tokenIn(command));
  await expect(enrol()).rejects.toThrow("Orchard may have 1 server and has 1.");
  expect((await api.servers.enrolment.query({ enrolmentId })).state).toBe("waiting");
  await api.servers.revoke.mutate({ serverId: fixture.serverId, confirmName: "box" });
  await api.servers.revoke.mutate({ serverId: fixture.serverId, confirmName: "box" });
  await enrol();
  expect((await api.quotas.get.query({ nodeId: orgId })).counts).toMatchObject({ servers: 1 });
  await expectSound(platform, fixture);
});

test("a member who is removed gives a place back, once", async () => {
  await using opened = await start();
  const { api, orgId, platform } = opened;
  const client = await platform.memberOf(orgId, "developer");
  const { userId } = (await client.api.auth.state.query()).me!;
  const [row] = await platform.api.database.db.all<{ createdAtMs: number }>(
    sql`select "createdAtMs" from members where "userId" = ${userId}`,
  );
  const place = memberPlace({ orgId, userId, createdAtMs: row?.createdAtMs ?? 0 });
  await platform.api.runtime.writer.commit([takePlace(place, sql`true`), keepPlace(place)]);
  const members = async () => (await api.quotas.get.query({ nodeId: orgId })).counts.members;
  expect(await members()).toBe(2);
  await api.members.remove.mutate({ userId });
  expect(await members()).toBe(1);
  expect((await refusalOf(api.members.remove.mutate({ userId }))).code).toBe("NOT_FOUND");
  const { me } = await api.auth.state.query();
  const only = api.members.remove.mutate({ userId: me!.userId });
  expect((await refusalOf(only)).code).toBe("CONFLICT");
  expect(await members()).toBe(1);
});

test("children are never given more in all than their parent has, unless it may be overcommitted", async () => {
  await using opened = await start();
  const { api, orgId, workspaceId, fixture, clone } = opened;
  const { workspaceId: other } = await api.workspaces.create.mutate({ name: "Other", serverId: fixture.serverId });
  const { project } = await clone("qs");
  const set = (nodeId: typeof orgId | typeof workspaceId | typeof project.projectId, cpu: number | null) =>
    api.quotas.set.mutate({ nodeId, limits: { cpu } });
  await set(orgId, 4000);
  await set(workspaceId, 3000);
  expect(await refusalOf(set(other, 1001))).toEqual({
    code: "QUOTA_EXCEEDED",
    message:
      "What is in Orchard would be given 4001m cpu in all, and Orchard has 4 cpu. Give less, raise the limit of Orchard, or allow it to be overcommitted.",
  });
  await set(other, 1000);
  expect((await refusalOf(set(orgId, 3999))).code).toBe("QUOTA_EXCEEDED");
  expect((await refusalOf(set(project.projectId, 3001))).message).toContain("What is in Shop would be given 3001m cpu");
  expect(await api.quotas.setOvercommit.mutate({ nodeId: orgId, isOvercommitted: true })).toMatchObject({
    isOvercommitted: true,
    given: { cpu: 4000 },
  });
  await set(other, 2000);
  expect((await refusalOf(api.quotas.setOvercommit.mutate({ nodeId: orgId, isOvercommitted: false }))).code).toBe(
    "QUOTA_EXCEEDED",
  );
  await set(other, null);
  expect(await api.quotas.setOvercommit.mutate({ nodeId: orgId, isOvercommitted: false })).toMatchObject({
    isOvercommitted: false,
  });
});

test("of two changes at the same time that do not fit together one is refused", async () => {
  await using opened = await start();
  const { api, orgId, workspaceId, fixture } = opened;
  const { workspaceId: other } = await api.workspaces.create.mutate({ name: "Other", serverId: fixture.serverId });
  await api.quotas.set.mutate({ nodeId: orgId, limits: { cpu: 4000 } });
  const changes = [workspaceId, other].map((nodeId) => api.quotas.set.mutate({ nodeId, limits: { cpu: 3000 } }));
  const settled = await Promise.allSettled(changes);
  expect(settled.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  expect((await api.quotas.get.query({ nodeId: orgId })).given).toMatchObject({ cpu: 3000 });
});

test("each change is in the history with who made it and what was before, and what changes nothing is not", async () => {
  await using opened = await start();
  const { api, orgId, workspaceId } = opened;
  const { me } = await api.auth.state.query();
  await api.quotas.set.mutate({ nodeId: orgId, limits: { cpu: 4000, projects: 9 } });
  await api.quotas.set.mutate({ nodeId: orgId, limits: { cpu: 4000 } });
  await api.quotas.set.mutate({ nodeId: orgId, limits: { cpu: null } });
  await api.quotas.setOvercommit.mutate({ nodeId: orgId, isOvercommitted: true });
  await api.quotas.set.mutate({ nodeId: workspaceId, limits: { runs: 2 } });
  const history = await api.quotas.history.query({ nodeId: orgId });
  const quota = (limits: object, isOvercommitted = false) => ({ limits, isOvercommitted, weight: 1 });
  expect(history.map(({ before, after }) => [before, after])).toEqual([
    [quota({ projects: 9 }), quota({ projects: 9 }, true)],
    [quota({ cpu: 4000, projects: 9 }), quota({ projects: 9 })],
    [quota({}), quota({ cpu: 4000, projects: 9 })],
  ]);
  expect(new Set(history.map(({ actor }) => actor))).toEqual(new Set([me?.userId]));
  const second = history[1]!;
  const older = await api.quotas.history.query({ nodeId: orgId, before: second.historyId, limit: 1 });
  expect(older).toEqual([history[2]]);
});

test("amounts that are none, and limits where they mean nothing, are refused", async () => {
  await using opened = await start();
  const { api, orgId, workspaceId, clone } = opened;
  const { project } = await clone("qs");
  for (const cpu of [-1, 0.5, 2 ** 53, "4" as unknown as number]) {
    expect((await refusalOf(api.quotas.set.mutate({ nodeId: orgId, limits: { cpu } }))).code).toBe("BAD_REQUEST");
  }
  const unknown = { gpu: 1 } as unknown as { cpu: number };
  expect((await refusalOf(api.quotas.set.mutate({ nodeId: orgId, limits: unknown }))).code).toBe("BAD_REQUEST");
  expect(await refusalOf(api.quotas.set.mutate({ nodeId: workspaceId, limits: { members: 1 } }))).toEqual({
    code: "BAD_REQUEST",
    message: "A workspace has no limit of members. Set it higher up.",
  });
  const projects = api.quotas.set.mutate({ nodeId: project.projectId, limits: { projects: 1 } });
  expect((await refusalOf(projects)).code).toBe("BAD_REQUEST");
  const member = await opened.platform.memberOf(orgId, "developer");
  const forbidden = member.api.quotas.set.mutate({ nodeId: orgId, limits: { cpu: 1 } });
  expect((await refusalOf(forbidden)).code).toBe("FORBIDDEN");
});

test("the relay objects of the servers concerned are told of limits, and of what is made where there are some", async () => {
  await using opened = await start();
  const { api, orgId, workspaceId, clone, platform, fixture } = opened;
  const told = async () => {
    const rows = await platform.api.database.db.all<{ entry: string }>(
      sql`select entry from outbox where "serverId" = ${fixture.serverId} and entry ->> 'kind' = 'limits' order by position`,
    );
    return rows.map(({ entry }) => (JSON.parse(entry) as { nodes: { id: string; limits: object }[] }).nodes);
  };
  const { project } = await clone("first");
  expect(await told()).toEqual([]);
  await api.quotas.set.mutate({ nodeId: orgId, limits: { cpu: 4000 } });
  const [nodes] = await told();
  expect(nodes?.map(({ id }) => id)).toEqual([orgId, workspaceId, project.projectId]);
  expect(nodes?.[0]).toMatchObject({ parentId: null, weight: 1, limits: { cpu: 4000, memory: null } });
  expect(nodes?.[2]).toMatchObject({ parentId: workspaceId, limits: { cpu: null } });
  await api.quotas.setOvercommit.mutate({ nodeId: orgId, isOvercommitted: true });
  expect(await told()).toHaveLength(1);
  await api.quotas.set.mutate({ nodeId: project.projectId, limits: { runs: 1 } });
  await clone("second");
  await api.workspaces.create.mutate({ name: "Other", serverId: fixture.serverId });
  expect((await told()).map((each) => each.length)).toEqual([3, 3, 4, 5]);
  const { rows } = await platform.api.database.client.execute("select outboxHead from servers");
  await platform.relay.hasEntries(fixture.serverId, Number(rows[0]?.["outboxHead"]));
});

test("a weight is set by who may, is told to the servers with the limits, and is in history and audit", async () => {
  await using opened = await start();
  const { api, orgId, workspaceId, clone, platform, fixture } = opened;
  const { project } = await clone("qs");
  const { workspaceId: other } = await api.workspaces.create.mutate({ name: "Other", serverId: fixture.serverId });
  expect((await api.quotas.get.query({ nodeId: workspaceId })).weight).toBe(1);
  expect(await api.quotas.setWeight.mutate({ nodeId: workspaceId, weight: 3 })).toMatchObject({ weight: 3 });
  await api.quotas.setWeight.mutate({ nodeId: workspaceId, weight: 3 });
  await api.quotas.set.mutate({ nodeId: workspaceId, limits: { cpu: 2000 } });
  await api.quotas.setWeight.mutate({ nodeId: project.projectId, weight: 2 });
  expect((await api.quotas.get.query({ nodeId: orgId })).children).toMatchObject([
    { nodeId: workspaceId, weight: 3, limits: { cpu: 2000 } },
    { nodeId: other, weight: 1 },
  ]);

  const told = await platform.api.database.db.all<{ entry: string }>(
    sql`select entry from outbox where entry ->> 'kind' = 'limits' order by position`,
  );
  const weights = told.map(({ entry }) =>
    Object.fromEntries(
      (JSON.parse(entry) as { nodes: { id: string; weight: number }[] }).nodes.map(({ id, weight }) => [id, weight]),
    ),
  );
  expect(weights).toEqual([
    { [orgId]: 1, [workspaceId]: 3, [other]: 1, [project.projectId]: 1 },
    { [orgId]: 1, [workspaceId]: 3, [other]: 1, [project.projectId]: 1 },
    { [orgId]: 1, [workspaceId]: 3, [other]: 1, [project.projectId]: 2 },
  ]);
  const history = await api.quotas.history.query({ nodeId: workspaceId });
  expect(history.map(({ before, after }) => [before.weight, after.weight])).toEqual([
    [3, 3],
    [1, 3],
  ]);
  const audit = await platform.api.database.db.all<{ subject: string }>(
    sql`select subject from audit_entries where action = 'quota.setWeight'`,
  );
  expect(audit.map(({ subject }) => subject)).toEqual([workspaceId, project.projectId]);

  for (const weight of [0, -1, 0.5, 1001, Number.NaN]) {
    expect((await refusalOf(api.quotas.setWeight.mutate({ nodeId: orgId, weight }))).code).toBe("BAD_REQUEST");
  }
  const member = await platform.memberOf(orgId, "developer");
  expect((await refusalOf(member.api.quotas.setWeight.mutate({ nodeId: orgId, weight: 2 }))).code).toBe("FORBIDDEN");
  const stranger = await platform.outsider();
  expect((await refusalOf(stranger.api.quotas.setWeight.mutate({ nodeId: orgId, weight: 2 }))).code).toBe("NOT_FOUND");
});

test("a change of a weight is taken back like any other, and may come with a change of limits", async () => {
  await using opened = await start();
  const { api, workspaceId } = opened;
  const undoNewest = async () => {
    const [newest] = await api.quotas.history.query({ nodeId: workspaceId });
    return api.quotas.undo.mutate({ nodeId: workspaceId, historyId: newest!.historyId });
  };
  await api.quotas.setWeight.mutate({ nodeId: workspaceId, weight: 3 });
  expect(await undoNewest()).toMatchObject({ weight: 1 });
  await api.quotas.set.mutate({ nodeId: workspaceId, limits: { cpu: 2000 }, weight: 5 });
  const [both] = await api.quotas.history.query({ nodeId: workspaceId });
  expect(both).toMatchObject({ before: { weight: 1, limits: {} }, after: { weight: 5, limits: { cpu: 2000 } } });
  expect(await undoNewest()).toMatchObject({ weight: 1, limits: {} });
  expect((await api.quotas.get.query({ nodeId: workspaceId })).weight).toBe(1);
});

test("a server is told only of what is on it", async () => {
  await using opened = await start();
  const { api, workspaceId, platform, fixture } = opened;
  const far = await platform.connectServer(fixture.client);
  const { workspaceId: there } = await api.workspaces.create.mutate({ name: "Far", serverId: far.serverId });
  await api.quotas.set.mutate({ nodeId: there, limits: { cpu: 1 } });
  await api.quotas.set.mutate({ nodeId: workspaceId, limits: { cpu: 1 } });
  const rows = await platform.api.database.db.all<{ serverId: string; entry: string }>(
    sql`select "serverId", entry from outbox where entry ->> 'kind' = 'limits'`,
  );
  const ids = rows.map(({ serverId, entry }) => ({
    serverId,
    ids: (JSON.parse(entry) as { nodes: { id: string }[] }).nodes.map(({ id }) => id).slice(1),
  }));
  expect(ids).toEqual([
    { serverId: far.serverId, ids: [there] },
    { serverId: fixture.serverId, ids: [workspaceId] },
  ]);
});

test("the migration has the tables and triggers of the ledger, word for word", async () => {
  const folder = await mkdtemp(join(tmpdir(), "quarterdeck-quotas-"));
  const database = await openDatabase(`file:${folder}/test.db`, null);
  await migrateDatabase(database, { nowMs: 1 });
  const { rows } = await database.client.execute(
    "select sql from sqlite_master where name like 'quota\\_%' escape '\\' and tbl_name not in ('quota_history', 'quota_overcommits', 'quota_weights')",
  );
  const made = rows.map((row) => row["sql"] as string).sort();
  database.close();
  await rm(folder, { recursive: true });
  expect(made).toEqual(sqlLedgerSchema(quotaResources).sort());
});

test("limits of io come to a ledger that has rows, and what it holds and recorded stays what it was", async () => {
  const folder = await mkdtemp(join(tmpdir(), "quarterdeck-quotas-"));
  const before = join(folder, "before");
  await cp(migrationsFolder, before, { recursive: true });
  const journalPath = join(before, "meta", "_journal.json");
  const journal = JSON.parse(await readFile(journalPath, "utf8")) as { entries: { tag: string }[] };
  const at = journal.entries.findIndex(({ tag }) => tag.endsWith("_io_quota"));
  await writeFile(journalPath, JSON.stringify({ ...journal, entries: journal.entries.slice(0, at) }));
  const database = await openDatabase(`file:${folder}/test.db`, null);
  const { client } = database;
  await migrateDatabase(database, { nowMs: 1, folder: before });
  const amounts = Array.from({ length: 9 }, (_, index) => index + 1).join(", ");
  await client.batch(
    [
      "insert into quota_nodes (id, limit_cpu, limit_servers) values ('org_1', 90, 9)",
      "insert into quota_nodes (id, parent_id) values ('ws_1', 'org_1')",
      `insert into quota_reservations values ('r', 'ws_1', 'committed', null, ${amounts}, ${amounts})`,
    ],
    "write",
  );
  const { applied } = await migrateDatabase(database, { nowMs: 2 });
  expect(applied[0]).toMatch(/_io_quota$/);
  const rows = async (text: string) => (await client.execute(text)).rows.map((row) => ({ ...row }));
  const bandwidthToAgents = { held_bandwidth: 4, held_io: 0, held_agents: 5 };
  expect(await rows("select id, limit_cpu, limit_io, held_bandwidth, held_io, held_agents from quota_nodes")).toEqual([
    { id: "org_1", limit_cpu: 90, limit_io: null, ...bandwidthToAgents },
    { id: "ws_1", limit_cpu: null, limit_io: null, ...bandwidthToAgents },
  ]);
  const ledgerRows = new SqlLedgerRows(quotaResources);
  const changes = (await client.execute("select * from quota_changes order by seq")).rows.map((row) =>
    ledgerRows.change({ ...row } as SqlRow),
  );
  expect(changes.map(({ what }) => what)).toEqual(["added", "added", "committed"]);
  expect(changes[0]).toMatchObject({ after: { limit: expect.objectContaining({ 0: 90, 9: 9 }) } });
  expect(changes[2]).toMatchObject({ after: Float64Array.of(1, 2, 3, 4, 0, 5, 6, 7, 8, 9) });
  // Its triggers work on: what is held counts at every ancestor, io included.
  await client.execute("update quota_nodes set limit_io = 5 where id = 'org_1'");
  const take = (id: string, io: number) =>
    client.execute(`insert into quota_reservations (id, node_id, state, amount_cpu, amount_memory, amount_disk,
      amount_bandwidth, amount_io, amount_agents, amount_runs, amount_projects, amount_members, amount_servers, held_cpu,
      held_memory, held_disk, held_bandwidth, held_io, held_agents, held_runs, held_projects, held_members, held_servers)
      values ('${id}', 'ws_1', 'committed', 0, 0, 0, 0, ${io}, 0, 0, 0, 0, 0, 0, 0, 0, 0, ${io}, 0, 0, 0, 0, 0)`);
  await take("too-much", 6);
  await take("fits", 5);
  expect(await rows("select held_io from quota_nodes")).toEqual([{ held_io: 5 }, { held_io: 5 }]);
  database.close();
  await rm(folder, { recursive: true });
});

test("an id of nothing that has a quota is no node", async () => {
  await using opened = await start();
  for (const nodeId of [newId("workspace"), newId("project"), newId("org")]) {
    expect((await refusalOf(opened.api.quotas.get.query({ nodeId }))).code).toBe("NOT_FOUND");
  }
});

test("the migration counts what was there before", async () => {
  const folder = await mkdtemp(join(tmpdir(), "quarterdeck-quotas-"));
  const older = join(folder, "older");
  await cp(migrationsFolder, older, { recursive: true });
  const path = join(older, "meta", "_journal.json");
  const journal = JSON.parse(await readFile(path, "utf8")) as { entries: { tag: string }[] };
  const before = journal.entries.findIndex(({ tag }) => tag.endsWith("_quotas"));
  await writeFile(path, JSON.stringify({ ...journal, entries: journal.entries.slice(0, before) }));
  const database = await openDatabase(`file:${folder}/test.db`, null);
  await migrateDatabase(database, { nowMs: 1, folder: older });
  const server = (id: string, revokedAtMs: string) =>
    `insert into servers (serverId, orgId, name, isThisMachine, publicKey, keyFingerprint, status, statusSinceMs, createdAtMs, revokedAtMs) values ('${id}', 'org_1', 'box', 0, '${id}', 'f', 'new', 1, 1, ${revokedAtMs})`;
  await database.client.batch(
    [
      "insert into orgs (orgId, name, createdAtMs) values ('org_1', 'Orchard', 1)",
      "insert into users values ('usr_1', 'ada@example.com', 'hash', 1)",
      "insert into members values ('org_1', 'usr_1', 'owner', 1)",
      server("srv_1", "null"),
      server("srv_2", "5"),
      "insert into workspaces values ('ws_1', 'org_1', 'Shop', 'srv_1', 1)",
      "insert into projects (projectId, orgId, workspaceId, name, url, state, cloneTaskId, testCommand, createdAtMs) values ('prj_1', 'org_1', 'ws_1', 'qs', 'u', 'ready', 'task_1', '{}', 1)",
    ],
    "write",
  );
  await migrateDatabase(database, { nowMs: 2 });
  const { rows } = await database.client.execute("select * from quota_nodes order by id");
  const places = await database.client.execute("select id, state from quota_reservations order by id");
  database.close();
  await rm(folder, { recursive: true });
  expect(places.rows.map((row) => [row["id"], row["state"]])).toEqual([
    [memberPlace({ orgId: "org_1" as OrgId, userId: "usr_1" as UserId, createdAtMs: 1 }).id, "committed"],
    ["prj_1", "committed"],
    ["srv_1", "committed"],
  ]);
  const counts = rows.map((row) => [
    row["id"],
    row["parent_id"],
    row["held_projects"],
    row["held_members"],
    row["held_servers"],
  ]);
  expect(counts).toEqual([
    ["org_1", null, 1, 1, 1],
    ["prj_1", "ws_1", 0, 0, 0],
    ["ws_1", "org_1", 1, 0, 0],
  ]);
});

test("a counter that is not what is reserved is in the audit, once, and stays as it is", async () => {
  await using opened = await start();
  const { orgId, platform } = opened;
  const { client, db } = platform.api.database;
  const entries = () =>
    db.all<{ orgId: string; subject: string; detail: string }>(
      sql`select "orgId", subject, detail from audit_entries where action = 'quota.drift'`,
    );
  await reportDrift(platform.api.runtime);
  expect(await entries()).toEqual([]);
  await client.execute("update quota_nodes set held_projects = 7 where parent_id is null");
  await reportDrift(platform.api.runtime);
  await reportDrift(platform.api.runtime);
  const [entry, ...others] = await entries();
  expect(others).toEqual([]);
  expect(entry).toMatchObject({ orgId, subject: orgId });
  const { counted, reserved } = JSON.parse(entry?.detail ?? "") as Record<string, { projects: number }>;
  expect([counted?.projects, reserved?.projects]).toEqual([7, 0]);
  const { rows } = await client.execute("select held_projects from quota_nodes where parent_id is null");
  expect(rows[0]?.[0]).toBe(7);
});
