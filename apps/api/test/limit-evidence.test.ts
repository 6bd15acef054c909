import type { OrgId, ProjectId, ServerId } from "@quarterdeck/core/ids";
import type { EvidenceReport, LimitEvidence } from "@quarterdeck/core/protocol/limit-evidence";
import { limits } from "@quarterdeck/core/protocol/limits";
import type { SignedText } from "@quarterdeck/core/protocol/signing";
import { dayMs } from "@quarterdeck/core/units";
import { eq } from "drizzle-orm";
import { expect, test } from "vitest";
import { auditEntries, limitEvidence, limitEvidenceHistory } from "../src/db/schema.ts";
import { forgetEvidence } from "../src/limits/evidence-repo.ts";
import { capabilities, FakeBridge } from "./fake-bridge.ts";
import { refusalOf, TestApi, type Fixture } from "./test-api.ts";

const able = { ...capabilities, features: ["limitEvidence"] };
const online = { kind: "online", epoch: 2, bootId: "b", capabilities: able } as const;

interface Limited extends Fixture {
  readonly platform: TestApi;
  readonly orgId: OrgId;
  readonly projectId: ProjectId;
  /** Something that its bridge says of a limit. */
  readonly item: (change?: Partial<LimitEvidence>) => LimitEvidence;
  /** Has the bridge say it, signed, with what is changed of the report. */
  readonly say: (items: readonly LimitEvidence[], change?: Partial<EvidenceReport>) => Promise<SignedText>;
  readonly alert: () => Promise<{ atMs: number } | null>;
  readonly refusals: (action?: string) => Promise<string[]>;
}

async function start(platform: TestApi): Promise<Limited> {
  const fixture = await platform.withWorkspace();
  const { api, serverId, bridge, workspaceId } = fixture;
  const { orgId } = await api.orgs.current.query();
  const url = "https://example.com/qs.git";
  const { project } = await api.projects.createFromGit.mutate({ workspaceId, name: "qs", url });
  await platform.report(serverId, online);
  let saidAtMs = Date.now() - 60_000;
  return {
    ...fixture,
    platform,
    orgId,
    projectId: project.projectId,
    item: (change) => ({
      node: workspaceId,
      resource: "cpu",
      wanted: 2000,
      actual: 2000,
      state: "enforced",
      source: "cpu.max",
      atMs: 1000,
      ...change,
    }),
    async say(items, change) {
      const text = await bridge.evidence({ serverId, orgId, saidAtMs: ++saidAtMs, items: [...items], ...change });
      await report(platform, serverId, text);
      return text;
    },
    alert: async () => (await api.servers.get.query({ serverId })).limitAlert,
    async refusals(action = "limits.evidence") {
      const { db } = platform.api.runtime;
      const rows = await db.select().from(auditEntries).where(eq(auditEntries.action, action));
      return rows.filter(({ actor }) => actor === serverId).map(({ detail }) => detail ?? "");
    },
  };
}

const report = (platform: TestApi, serverId: ServerId, text: SignedText) =>
  platform.report(serverId, { kind: "evidence", ...text });

test("what the kernel says stands beside what it shall hold, with its source and since when", async () => {
  await using platform = await TestApi.start();
  const { api, serverId, workspaceId, projectId, orgId, item, say, refusals } = await start(platform);
  await api.quotas.set.mutate({ nodeId: workspaceId, limits: { cpu: 2000 } });
  expect(await api.quotas.evidence.query({ nodeId: workspaceId })).toMatchObject({ isTold: true, items: [] });
  await say([item(), item({ node: projectId, resource: "disk", wanted: null, actual: null, state: "measured" })]);
  const told = await api.quotas.evidence.query({ nodeId: workspaceId });
  expect(told).toMatchObject({ wanted: { cpu: 2000, memory: null, tasks: 4096 }, isTold: true });
  const { node: _node, ...shown } = item();
  expect(told.items).toEqual([{ ...shown, serverId, sinceMs: expect.any(Number) as number }]);
  expect((await api.quotas.evidence.query({ nodeId: projectId })).items).toMatchObject([{ state: "measured" }]);
  expect(await api.quotas.evidence.query({ nodeId: orgId })).toEqual({
    wanted: null,
    isTold: null,
    limited: null,
    items: [],
  });
  expect((await api.servers.get.query({ serverId })).limits).toMatchObject({ driver: "systemd", limited: ["cpu"] });
  expect(await refusals()).toEqual([]);
});

test("the history has each change once, the newest first, and not what is as before", async () => {
  await using platform = await TestApi.start();
  const { api, workspaceId, item, say } = await start(platform);
  await say([item()]);
  await say([item({ atMs: 2000, source: "again" })]);
  await say([item({ wanted: 3000, actual: 3000 }), item({ resource: "memory" })]);
  await say([item({ wanted: 3000, actual: null, state: "mismatch" }), item({ resource: "memory" })]);
  const history = await api.quotas.evidenceHistory.query({ nodeId: workspaceId });
  expect(history.map(({ resource, wanted, state }) => [resource, wanted, state])).toEqual([
    ["cpu", 3000, "mismatch"],
    ["memory", 2000, "enforced"],
    ["cpu", 3000, "enforced"],
    ["cpu", 2000, "enforced"],
  ]);
  const [newest] = history;
  const older = { nodeId: workspaceId, before: newest?.historyId ?? 0, limit: 1 };
  expect(await api.quotas.evidenceHistory.query(older)).toEqual([history[1]]);
  const evidence = await api.quotas.evidence.query({ nodeId: workspaceId });
  expect(evidence.items).toMatchObject([
    { resource: "cpu", state: "mismatch" },
    { resource: "memory", atMs: 1000 },
  ]);
});

test("a limit that the kernel does not hold raises an alert that ends by itself when it does", async () => {
  await using platform = await TestApi.start();
  const { api, serverId, item, say, alert, refusals } = await start(platform);
  expect(await alert()).toBeNull();
  await say([item({ actual: 4000, state: "mismatch" })]);
  expect(await alert()).toEqual({ atMs: expect.any(Number) as number });
  expect(await api.servers.limitFindings.query({ serverId })).toMatchObject([
    { name: "Shop", resource: "cpu", wanted: 2000, actual: 4000 },
  ]);
  await say([item({ actual: 4000, state: "mismatch", atMs: 2000 })]);
  expect(await refusals("limits.mismatch")).toEqual([expect.stringContaining("2000, not 4000") as string]);
  await say([item()]);
  expect(await alert()).toBeNull();
  expect(await api.servers.limitFindings.query({ serverId })).toEqual([]);
});

test("somebody who saw it takes the alert away, under their name, until something else is found", async () => {
  await using platform = await TestApi.start();
  const { api, serverId, orgId, item, say, alert } = await start(platform);
  await say([item({ state: "mismatch" })]);
  const first = await alert();
  const viewer = await platform.memberOf(orgId, "developer");
  const seen = { serverId, atMs: first!.atMs };
  expect((await refusalOf(viewer.api.servers.acknowledgeLimitAlert.mutate(seen))).code).toBe("FORBIDDEN");
  await api.servers.acknowledgeLimitAlert.mutate({ ...seen, atMs: seen.atMs - 1 });
  expect(await alert()).toEqual(first);
  await api.servers.acknowledgeLimitAlert.mutate(seen);
  await api.servers.acknowledgeLimitAlert.mutate(seen);
  expect(await alert()).toBeNull();
  const { db } = platform.api.runtime;
  const entries = await db.select().from(auditEntries).where(eq(auditEntries.action, "limits.acknowledge"));
  expect(entries.map(({ outcome }) => outcome)).toEqual(["done"]);
  await say([item({ state: "mismatch", atMs: 3000 })]);
  expect(await alert()).toBeNull();
  await say([item({ resource: "memory", state: "mismatch" })]);
  expect(await alert()).not.toBeNull();
});

test("the alert about a run ends with the run", async () => {
  await using platform = await TestApi.start();
  const { bridge, serverId, item, say, alert } = await start(platform);
  await platform.relay.until(() =>
    platform.relay.commandsOf(serverId).some(({ action }) => action === "project.clone"),
  );
  const clone = platform.relay.commandsOf(serverId).find(({ action }) => action === "project.clone")!;
  await say([item({ node: clone.runId, state: "mismatch" })]);
  expect(await alert()).not.toBeNull();
  await platform.report(serverId, { kind: "result", ...(await bridge.finish(clone)) });
  expect(await alert()).toBeNull();
  await platform.api.runtime.writer.commit(forgetEvidence(Date.now()));
  expect(await platform.api.runtime.db.select().from(limitEvidence)).toEqual([]);
});

test.each<[string, (bridge: FakeBridge, body: Omit<EvidenceReport, "v">) => Promise<SignedText>, string]>([
  ["of another bridge", async (_, body) => (await FakeBridge.create()).evidence(body), "No known key"],
  ["signed for another use", (bridge, body) => bridge.evidence(body, "result"), "No known key"],
  [
    "changed on the way",
    async (bridge, body) => {
      const text = await bridge.evidence(body);
      return { ...text, signed: text.signed.replace('"mismatch"', '"enforced"') };
    },
    "No known key",
  ],
  [
    "of another server",
    (bridge, body) => bridge.evidence({ ...body, serverId: `srv_${"0".repeat(26)}` as ServerId }),
    "another server or org",
  ],
  [
    "of another org",
    (bridge, body) => bridge.evidence({ ...body, orgId: `org_${"0".repeat(26)}` as OrgId }),
    "another server or org",
  ],
  [
    "from the future",
    (bridge, body) => bridge.evidence({ ...body, saidAtMs: Date.now() + limits.clockSkewMs + 60_000 }),
    "from the future",
  ],
  ["with a field more", (bridge, body) => bridge.evidence({ ...body, more: 1 } as typeof body), "malformed"],
])("evidence %s changes nothing and is recorded as refused [W2]", async (_name, make, why) => {
  await using platform = await TestApi.start();
  const { api, bridge, serverId, workspaceId, orgId, item, say, alert, refusals } = await start(platform);
  await say([item()]);
  const body = {
    serverId,
    orgId,
    saidAtMs: Date.now(),
    driver: "systemd" as const,
    limited: ["cpu" as const],
    items: [item({ state: "mismatch" })],
  };
  await report(platform, serverId, await make(bridge, body));
  expect(await alert()).toBeNull();
  expect((await api.quotas.evidence.query({ nodeId: workspaceId })).items).toMatchObject([{ state: "enforced" }]);
  expect(await refusals()).toEqual([expect.stringContaining(why) as string]);
  await report(platform, serverId, await bridge.evidence(body));
  expect(await alert()).not.toBeNull();
});

test("evidence that is played again, to cover what was said since, counts for nothing [W2]", async () => {
  await using platform = await TestApi.start();
  const { serverId, item, say, alert, refusals } = await start(platform);
  const good = await say([item()]);
  await say([item({ state: "mismatch" })]);
  const found = await alert();
  await report(platform, serverId, good);
  expect(await alert()).toEqual(found);
  expect(await refusals()).toEqual([expect.stringContaining("an old word") as string]);
});

test("a removed server's word counts for nothing [W2]", async () => {
  await using platform = await TestApi.start();
  const { api, serverId, item, say, refusals } = await start(platform);
  await api.servers.revoke.mutate({ serverId, confirmName: "box" });
  await say([item({ state: "mismatch" })]);
  expect(await refusals()).toEqual([expect.stringContaining("was removed") as string]);
  expect(await platform.api.runtime.db.select().from(limitEvidence)).toEqual([]);
});

test("a server speaks of what is on it only: not of another server's or another org's workspaces [T1]", async () => {
  await using platform = await TestApi.start();
  const { api, client, item, say } = await start(platform);
  const far = await platform.connectServer(client);
  const { workspaceId: there } = await api.workspaces.create.mutate({ name: "Far", serverId: far.serverId });
  const stranger = await platform.withWorkspace(await platform.outsider());
  await say([item({ node: there }), item({ node: stranger.workspaceId, state: "mismatch" }), item()]);
  const { db } = platform.api.runtime;
  expect((await db.select().from(limitEvidence)).map(({ nodeId }) => nodeId)).toEqual([item().node]);
  expect((await db.select().from(limitEvidenceHistory)).map(({ nodeId }) => nodeId)).toEqual([item().node]);
});

test("a bridge of before does not say what the kernel holds, and that is told apart from nothing said yet", async () => {
  await using platform = await TestApi.start();
  const { api, serverId, workspaceId } = await start(platform);
  await platform.report(serverId, { ...online, capabilities });
  expect(await api.quotas.evidence.query({ nodeId: workspaceId })).toMatchObject({ isTold: false, items: [] });
});

test("the history is kept for ninety days", async () => {
  await using platform = await TestApi.start();
  const { item, say } = await start(platform);
  await say([item()]);
  const { db, writer } = platform.api.runtime;
  await writer.commit(forgetEvidence(Date.now() + 89 * dayMs));
  expect(await db.select().from(limitEvidenceHistory)).toHaveLength(1);
  await writer.commit(forgetEvidence(Date.now() + 91 * dayMs));
  expect(await db.select().from(limitEvidenceHistory)).toEqual([]);
  expect(await db.select().from(limitEvidence)).toHaveLength(1);
});
