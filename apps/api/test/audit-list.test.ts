import type { OrgId } from "@quarterdeck/core/ids";
import { hourMs } from "@quarterdeck/core/units";
import { and, asc, eq } from "drizzle-orm";
import { expect, test } from "vitest";
import { listEntries } from "../src/audit/list-entries.ts";
import { endTallies, recordRefused } from "../src/audit/refusal-tally.ts";
import { recordAudit } from "../src/audit/repo.ts";
import { auditEntries, auditRefusals } from "../src/db/schema.ts";
import type { Unit, Writer } from "../src/writer.ts";
import { untilChained } from "./audit-chained.ts";
import { newId, refusalOf, TestApi } from "./test-api.ts";

async function furnished(platform: TestApi) {
  const { api, serverId, client } = await platform.withWorkspace();
  const { orgId } = await api.orgs.current.query();
  await untilChained(platform);
  return { api, serverId, orgId, client };
}

test("the newest entries come first, with the names of who and what, and a page goes on where the last one ended", async () => {
  await using platform = await TestApi.start();
  const { api, serverId } = await furnished(platform);
  await api.servers.rename.mutate({ serverId, name: "Überseehafen مرحبا 👩‍👩‍👧" });
  await untilChained(platform);
  const all = (await api.audit.list.query({ limit: 200 })).entries;
  expect(all[0]).toMatchObject({
    action: "server.rename",
    actorName: "ada@example.com",
    subject: serverId,
    subjectName: "Überseehafen مرحبا 👩‍👩‍👧",
    outcome: "done",
    address: expect.stringContaining("127.0.0.1"),
  });
  // Of one millisecond any may come first.
  expect(all.map(({ atMs }) => atMs)).toEqual(all.map(({ atMs }) => atMs).toSorted((a, b) => b - a));
  expect(all.map(({ seq }) => seq ?? 0).toSorted((a, b) => a - b)).toEqual(all.map((_, index) => index + 1));
  const seen: string[] = [];
  let cursor: string | null = null;
  do {
    const page: Awaited<ReturnType<typeof api.audit.list.query>> = await api.audit.list.query({ limit: 2, cursor });
    seen.push(...page.entries.map(({ entryId }) => entryId));
    cursor = page.next;
  } while (cursor !== null);
  expect(seen).toEqual(all.map(({ entryId }) => entryId));
});

test("entries are found by who, what, on what, outcome, time and any text, whatever its case", async () => {
  await using platform = await TestApi.start();
  const { api, orgId, serverId } = await furnished(platform);
  const { runtime } = platform.api;
  const entry = { orgId, actor: "anonymous", address: "203.0.113.9", subject: null, outcome: "refused" } as const;
  await runtime.writer.commit([
    recordAudit(runtime, { ...entry, action: "test.one", detail: "STRASSE Ångström" }),
    recordAudit(runtime, { ...entry, action: "test.two", subject: serverId, detail: "100% _sure_" }),
  ]);
  const found = async (filter: Parameters<typeof api.audit.list.query>[0]) =>
    (await api.audit.list.query(filter)).entries.map(({ action }) => action).toSorted();
  expect(await found({ search: "a\u030angström" })).toEqual(["test.one"]);
  expect(await found({ search: "% _SURE_" })).toEqual(["test.two"]);
  expect(await found({ search: "203.0.113.9" })).toEqual(["test.one", "test.two"]);
  expect(await found({ actor: "anonymous", outcome: "refused" })).toEqual(["test.one", "test.two"]);
  expect(await found({ actor: "ADA@", action: "workspace." })).toEqual(["workspace.create"]);
  expect(await found({ subject: "box", action: "test" })).toEqual(["test.two"]);
  expect(await found({ outcome: "done", action: "test" })).toEqual([]);
  expect(await found({ toMs: 1 })).toEqual([]);
  expect(await found({ fromMs: Date.now() + hourMs })).toEqual([]);
  const stranger = await platform.outsider();
  expect((await stranger.api.audit.list.query({ search: "test" })).entries).toEqual([]);
});

test("what belongs to no org is in the platform's chain, and in no org's list", async () => {
  await using platform = await TestApi.start();
  const { api } = await furnished(platform);
  await refusalOf(platform.client().api.auth.signIn.mutate({ email: "nobody@example.com", password: "wrong" }));
  const asked = { filter: {}, cursor: null, limit: 50 };
  const { entries } = await listEntries(platform.api.runtime.db, "platform", asked);
  expect(entries.map(({ action, outcome }) => [action, outcome])).toContainEqual(["session.create", "refused"]);
  expect((await api.audit.list.query({ search: "WRONG_CREDENTIALS" })).entries).toEqual([]);
});

const refusedEntries = ({ api }: TestApi, orgId: OrgId) =>
  api.runtime.db
    .select()
    .from(auditEntries)
    .where(and(eq(auditEntries.orgId, orgId), eq(auditEntries.action, "servers.rename")))
    .orderBy(asc(auditEntries.atMs));

test("a refusal that comes again and again is an entry at once, and one with its count when the hour is over [T7]", async () => {
  await using platform = await TestApi.start();
  const { orgId } = await furnished(platform);
  const viewer = await platform.memberOf(orgId, "viewer");
  const serverId = newId("server");
  for (let n = 0; n < 5; n++) await refusalOf(viewer.api.servers.rename.mutate({ serverId, name: `N${n}` }));
  expect(await refusedEntries(platform, orgId)).toMatchObject([
    { outcome: "refused", detail: "FORBIDDEN", subject: serverId, address: expect.stringContaining("127.0.0.1") },
  ]);
  const { runtime } = platform.api;
  await endTallies(runtime);
  expect(await refusedEntries(platform, orgId)).toHaveLength(1);
  const later = {
    ...runtime,
    clock: { ...runtime.clock, nowMs: () => runtime.clock.nowMs() + hourMs, monotonicMs: () => 0 },
  };
  await Promise.all([endTallies(later), endTallies(later)]); // Two replicas at once count it once.
  expect(await refusedEntries(platform, orgId)).toMatchObject([
    { detail: "FORBIDDEN" },
    { detail: expect.stringMatching(/^FORBIDDEN, 4 more times between \S+Z and \S+Z$/), outcome: "refused" },
  ]);
  expect(await runtime.db.select().from(auditRefusals).where(eq(auditRefusals.chainId, orgId))).toEqual([]);
  await refusalOf(viewer.api.servers.rename.mutate({ serverId, name: "again" }));
  await endTallies(later);
  expect(await refusedEntries(platform, orgId)).toHaveLength(3);
});

test("a refusal that comes while its hour is being closed is not lost", async () => {
  await using platform = await TestApi.start();
  const { orgId } = await furnished(platform);
  const { runtime } = platform.api;
  const refusal = {
    orgId,
    actor: "anonymous",
    address: null,
    action: "servers.rename",
    subject: null,
    detail: "FORBIDDEN",
  };
  const refuse = () => runtime.writer.commit(recordRefused(runtime, refusal));
  await refuse();
  await refuse();
  const clock = { nowMs: () => runtime.clock.nowMs() + hourMs, monotonicMs: () => 0 };
  const isLate = Promise.withResolvers<void>();
  // What counted them has been read by now.
  const commit = async (unit: Unit) => {
    await refuse();
    isLate.resolve();
    return runtime.writer.commit(unit);
  };
  await endTallies({ ...runtime, clock, writer: { commit } as unknown as Writer });
  await isLate.promise;
  expect(await refusedEntries(platform, orgId)).toHaveLength(1);
  await endTallies({ ...runtime, clock });
  expect((await refusedEntries(platform, orgId)).at(-1)?.detail).toMatch(/^FORBIDDEN, 2 more times/);
});
