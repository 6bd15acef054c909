import type { Clock } from "@quarterdeck/core/clock";
import type { OrgId } from "@quarterdeck/core/ids";
import { dayMs } from "@quarterdeck/core/units";
import { eq, sql } from "drizzle-orm";
import { expect, test } from "vitest";
import type { QuarterdeckClient } from "../src/client.ts";
import { auditChains, auditEntries, purgedOrgs } from "../src/db/schema.ts";
import { recordAudit } from "../src/audit/repo.ts";
import { keepHouse } from "../src/housekeeping.ts";
import { orgTables, platformTables } from "../src/orgs/org-tables.ts";
import { systemClock } from "../src/system-clock.ts";
import { FakeBridge } from "./fake-bridge.ts";
import { newId, refusalOf, TestApi, tokenIn, type Fixture } from "./test-api.ts";

const bar = { timeout: 5000 };
const orgIdOf = async ({ api }: QuarterdeckClient) => (await api.orgs.current.query()).orgId;
const newTask = ({ workspaceId }: Fixture) => ({
  taskId: newId("task"),
  workspaceId,
  projectId: null,
  action: "exec",
  params: { program: "echo", args: [] },
});

/** A clock that the test moves. */
function movedClock() {
  let aheadMs = 0;
  const clock: Clock = { ...systemClock, nowMs: () => systemClock.nowMs() + aheadMs };
  return { clock, move: (ms: number) => (aheadMs += ms) };
}

async function furnish(platform: TestApi, client: QuarterdeckClient): Promise<Fixture> {
  const fixture = await platform.withWorkspace(client);
  const { api, workspaceId } = fixture;
  await api.projects.createFromGit.mutate({ workspaceId, name: "qs", url: "https://example.com/qs.git" });
  await api.tasks.submit.mutate(newTask(fixture));
  await api.invitations.create.mutate({ email: "someone@example.com", role: "viewer" });
  await api.servers.createEnrolment.mutate({});
  await api.quotas.set.mutate({ nodeId: workspaceId, limits: { cpu: 1000 } });
  return fixture;
}

/** How many rows of an org each table has, those with none left out. */
async function countRows({ api }: TestApi, orgId: OrgId): Promise<Record<string, number>> {
  const counts = orgTables.map(async ({ table, isOf }) => {
    const [row] = await api.database.db.all<{ n: number }>(
      sql`select count(*) as n from ${sql.identifier(table)} where ${isOf(orgId)}`,
    );
    return [table, row?.n ?? 0] as const;
  });
  return Object.fromEntries((await Promise.all(counts)).filter(([, count]) => count > 0));
}

test("every table of the database is known as of orgs or as of the platform, and none is deleted before what needs it [T1]", async () => {
  await using platform = await TestApi.start();
  const { db } = platform.api.database;
  const tables = await db.all<{ name: string }>(
    sql`select name from sqlite_master where type = 'table' and name not like 'sqlite_%' and name not like 'libsql_%'`,
  );
  const known = [...orgTables.map(({ table }) => table), ...platformTables];
  expect(known.toSorted()).toEqual(tables.map(({ name }) => name).toSorted());
  const order = orgTables.map(({ table }) => table);
  for (const table of order) {
    const needed = await db.all<{ table: string }>(sql`select "table" from pragma_foreign_key_list(${table})`);
    for (const { table: parent } of needed) {
      if (platformTables.includes(parent) || parent === table) continue;
      expect([table, order.indexOf(table) < order.indexOf(parent)]).toEqual([table, true]);
    }
  }
});

test("an org that waits to be deleted can be read and nothing else: nothing starts, and its servers are told [T2]", async () => {
  await using platform = await TestApi.start();
  const fixture = await furnish(platform, await platform.signedUp());
  const { api, client, serverId, workspaceId } = fixture;
  const { command } = await api.servers.createEnrolment.mutate({});
  const [waiting] = (await api.tasks.list.query({})).tasks;
  expect((await refusalOf(api.orgs.requestDeletion.mutate({ name: "Wrong" }))).code).toBe("BAD_REQUEST");
  const { deleteAtMs } = await api.orgs.requestDeletion.mutate({ name: "Orchard" });
  expect(deleteAtMs).toBeGreaterThan(Date.now() + 13 * dayMs);

  for (const call of [
    api.tasks.submit.mutate(newTask(fixture)),
    api.workspaces.create.mutate({ name: "More", serverId }),
    api.orgs.rename.mutate({ name: "Other" }),
    api.servers.rename.mutate({ serverId, name: "Other" }),
    api.invitations.create.mutate({ email: "late@example.com", role: "viewer" }),
    api.servers.viewerTicket.mutate({ serverId, telemetry: false, runIds: [], inputRunIds: [waiting!.runId] }),
  ])
    expect((await refusalOf(call)).code).toBe("ORG_CLOSING");
  expect((await api.workspaces.get.query({ workspaceId })).name).toBe("Shop");
  await api.servers.viewerTicket.mutate({ serverId, telemetry: true, runIds: [] });

  const enrolled = (await FakeBridge.create()).enrol(platform.origin, tokenIn(command));
  await expect(enrolled).rejects.toThrow(/ORG_CLOSING|going to be deleted/);
  const renewal = await platform.internal("/relay/renewals", { serverId, runIds: [waiting!.runId] });
  expect(await renewal.json()).toMatchObject({ renewed: [], refused: [{ code: "ORG_CLOSING" }] });

  const orgId = await orgIdOf(client);
  const runsOfOrg = () => {
    const told = platform.relay.entriesOf(serverId).filter((entry) => entry.kind === "limits");
    return told.at(-1)?.nodes.find(({ id }) => id === orgId)?.limits.runs;
  };
  await expect.poll(runsOfOrg, bar).toBe(0);
  expect((await api.orgs.cancelDeletion.mutate()).deleteAtMs).toBeNull();
  await expect.poll(runsOfOrg, bar).toBeNull();
  await api.tasks.submit.mutate(newTask(fixture));
});

test("only an owner deletes an org, or keeps it [T1]", async () => {
  await using platform = await TestApi.start();
  const client = await platform.signedUp();
  const admin = await platform.memberOf(await orgIdOf(client), "admin");
  expect((await refusalOf(admin.api.orgs.requestDeletion.mutate({ name: "Orchard" }))).code).toBe("FORBIDDEN");
  await client.api.orgs.requestDeletion.mutate({ name: "Orchard" });
  expect((await refusalOf(admin.api.orgs.cancelDeletion.mutate())).code).toBe("FORBIDDEN");
});

test("when its time is over an org goes with everything that it has, its servers are revoked, and another's rows stay [T1]", async () => {
  const { clock, move } = movedClock();
  await using platform = await TestApi.start({}, clock);
  const fixture = await furnish(platform, await platform.signedUp());
  const { api, client, serverId } = fixture;
  const other = await furnish(platform, await platform.outsider());
  const [orgId, otherId] = [await orgIdOf(client), await orgIdOf(other.client)];
  const { runtime, database } = platform.api;
  await api.orgs.requestDeletion.mutate({ name: "Orchard" });
  move(13 * dayMs);
  await keepHouse(runtime);
  expect((await countRows(platform, orgId))["orgs"]).toBe(1);
  const before = await countRows(platform, otherId);
  move(2 * dayMs);
  expect((await refusalOf(api.orgs.cancelDeletion.mutate())).code).toBe("CONFLICT");

  await expect
    .poll(async () => {
      await keepHouse(runtime);
      return countRows(platform, orgId);
    }, bar)
    .toEqual({});
  expect(platform.relay.entriesOf(serverId).at(-1)?.kind).toBe("revoke");
  const { events: _, ...left } = await countRows(platform, otherId);
  const { events: __, ...had } = before;
  expect(left).toEqual(had);
  const [stone] = await database.db.select().from(purgedOrgs).where(eq(purgedOrgs.orgId, orgId));
  expect(stone?.endedAtMs).not.toBeNull();
  expect(stone?.auditHash).toMatch(/^[\w-]{43}$/);
  expect((await api.auth.state.query()).me).toBeNull();
  expect((await api.orgs.list.query()).orgs).toEqual([]);
  await api.orgs.create.mutate({ name: "Anew" });
});

test("what stays of a deleted org is where its audit ended", async () => {
  const { clock, move } = movedClock();
  await using platform = await TestApi.start({}, clock);
  const client = await platform.signedUp();
  const orgId = await orgIdOf(client);
  const { db } = platform.api.database;
  const { serverId } = await platform.connectServer(client);
  await client.api.orgs.requestDeletion.mutate({ name: "Orchard" });
  const behind = sql`select 1 from servers where "serverId" = ${serverId} and "outboxHead" <> "outboxThrough"`;
  await expect.poll(() => db.all(behind), bar).toEqual([]);
  // The relay is away: the first round begins, and cannot end.
  await platform.relay.stop();
  move(15 * dayMs);
  await keepHouse(platform.api.runtime);
  const isPurge = eq(auditEntries.action, "org.purge");
  await expect
    .poll(async () => (await db.select().from(auditEntries).where(isPurge))[0]?.seq, bar)
    .toBeTypeOf("number");
  const [head] = await db.select().from(auditChains).where(eq(auditChains.chainId, orgId));
  // Until the relay has taken the revocation, what it is told with stays.
  const left = await countRows(platform, orgId);
  expect(left).toMatchObject({ orgs: 1, servers: 1 });
  expect(left["outbox"]).toBeGreaterThan(0);
  await platform.relay.start();
  platform.api.runtime.nudgeOutbox();
  await expect.poll(() => db.all(behind), bar).toEqual([]);
  // What comes at the very end is in it too: the audit ends when all of it is chained, which something hinders for a while.
  await platform.api.database.client.execute(
    "create trigger hinder before update of seq on audit_entries when new.action = 'org.late' begin select raise(ignore); end",
  );
  const late = { orgId, actor: "platform", address: null, action: "org.late", subject: null, outcome: "done" } as const;
  await platform.api.runtime.writer.commit([recordAudit(platform.api.runtime, { ...late, detail: null })]);
  await keepHouse(platform.api.runtime);
  expect(await countRows(platform, orgId)).toMatchObject({ orgs: 1, audit_entries: (head?.seq ?? 0) + 1 });
  await platform.api.database.client.execute("drop trigger hinder");
  await expect
    .poll(async () => {
      await keepHouse(platform.api.runtime);
      return (await db.select().from(purgedOrgs))[0]?.auditSeq;
    }, bar)
    .toBeGreaterThan(head?.seq ?? 0);
});

test("an API that dies in the middle of it is followed by one that goes on [F1]", async () => {
  const { clock, move } = movedClock();
  await using platform = await TestApi.start({}, clock);
  const { client } = await furnish(platform, await platform.signedUp());
  const orgId = await orgIdOf(client);
  await client.api.orgs.requestDeletion.mutate({ name: "Orchard" });
  move(15 * dayMs);
  const { writer } = platform.api.runtime;
  const commit = writer.commit.bind(writer);
  for (let most = 1; ; most++) {
    let writes = 0;
    writer.commit = (unit) => (++writes > most ? Promise.reject(new Error("it died")) : commit(unit));
    await Promise.allSettled([keepHouse(platform.api.runtime)]);
    writer.commit = commit;
    await platform.api.runtime.changes.wait(1, undefined);
    const left = await countRows(platform, orgId);
    if (Object.keys(left).length === 0) break;
    // Whatever is left has all that it needs.
    expect(await platform.api.database.db.all(sql`pragma foreign_key_check`)).toEqual([]);
    expect(most).toBeLessThan(200);
  }
  const [stone] = await platform.api.database.db.select().from(purgedOrgs);
  expect(stone?.auditHash).toMatch(/^[\w-]{43}$/);
});
