import type { Capabilities } from "@quarterdeck/core/protocol/capabilities";
import { eq, sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { auditEntries, events, servers, workspaces } from "../src/db/schema.ts";
import { motionOf } from "../src/workspaces/frozen.ts";
import { capabilities } from "./fake-bridge.ts";
import { newId, refusalOf, TestApi } from "./test-api.ts";

const able: Capabilities = {
  ...capabilities,
  driver: "cgroup",
  actions: [...capabilities.actions, "workspace.freeze", "workspace.thaw"],
};

async function start(platform: TestApi, told = able) {
  const fixture = await platform.withWorkspace();
  const { api, workspaceId, serverId, bridge } = fixture;
  await platform.report(serverId, { kind: "online", epoch: 2, bootId: "b", capabilities: told });
  const motion = async () => (await api.workspaces.get.query({ workspaceId })).motion;
  /** Waits for the nth freeze or thaw that the server gets. */
  const command = async (nth: number) => {
    const sent = () => platform.relay.commandsOf(serverId).filter(({ action }) => /freeze|thaw/.test(action));
    await platform.relay.until(() => sent().length >= nth);
    return sent()[nth - 1]!;
  };
  const end = async (nth: number, how: Parameters<typeof bridge.finish>[1] = {}) =>
    platform.report(serverId, { kind: "result", ...(await bridge.finish(await command(nth), how)) });
  return { ...fixture, motion, command, end };
}

const failure = { verdict: "failed", code: "NOT_READY", message: "It goes on." } as const;

test("a workspace is frozen by a command of its own, shown, recorded, and thawed again", async () => {
  await using platform = await TestApi.start();
  const { api, workspaceId, motion, command, end } = await start(platform);
  expect(await motion()).toBe("running");
  expect((await api.workspaces.freeze.mutate({ workspaceId })).motion).toBe("freezing");
  expect(await command(1)).toMatchObject({
    action: "workspace.freeze",
    effect: "idempotent",
    workspaceId,
    projectId: null,
    priority: "urgent",
  });
  const { db } = platform.api.database;
  const changesBefore = await db.select().from(events).where(eq(events.kind, "workspace"));
  await end(1);
  expect(await motion()).toBe("frozen");
  const changes = await db.select().from(events).where(eq(events.kind, "workspace"));
  expect(changes.length).toBe(changesBefore.length + 1); // Consoles are told that it is.

  await api.workspaces.freeze.mutate({ workspaceId }); // Its server may have been started anew.
  await end(2, failure);
  expect(await motion()).toBe("frozen");
  expect((await api.workspaces.thaw.mutate({ workspaceId })).motion).toBe("thawing");
  await end(3, failure);
  expect(await motion()).toBe("frozen");
  await api.workspaces.thaw.mutate({ workspaceId });
  await end(4);
  expect(await motion()).toBe("running");
  const entries = await db.select().from(auditEntries).where(eq(auditEntries.subject, workspaceId));
  expect(entries.map(({ action }) => action).filter((action) => /freeze|thaw/.test(action))).toEqual([
    "workspace.freeze",
    "workspace.freeze",
    "workspace.thaw",
    "workspace.thaw",
  ]);
});

test("one freeze or thaw of a workspace is under way at a time, also where both are asked for at once", async () => {
  await using platform = await TestApi.start();
  const { api, workspaceId, serverId, motion, end } = await start(platform);
  const both = await Promise.allSettled([
    api.workspaces.freeze.mutate({ workspaceId }),
    api.workspaces.thaw.mutate({ workspaceId }),
  ]);
  expect(both.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  expect((await refusalOf(api.workspaces.thaw.mutate({ workspaceId }))).code).toBe("CONFLICT");
  await end(1);
  expect(["frozen", "running"]).toContain(await motion());
  const { workspaceId: other } = await api.workspaces.create.mutate({ name: "Other", serverId });
  expect((await api.workspaces.get.query({ workspaceId: other })).motion).toBe("running");
});

test("who may not, and where it cannot be, is refused with a reason and sends nothing", async () => {
  await using platform = await TestApi.start();
  const { api, client, workspaceId, serverId } = await start(platform, { ...able, driver: "process" });
  expect(await refusalOf(api.workspaces.freeze.mutate({ workspaceId }))).toMatchObject({ code: "LIMITS_UNAVAILABLE" });
  await platform.report(serverId, { kind: "online", epoch: 3, bootId: "b", capabilities });
  expect(await refusalOf(api.workspaces.thaw.mutate({ workspaceId }))).toMatchObject({ code: "COMMAND_UNSUPPORTED" });
  const { orgId } = await client.api.orgs.current.query();
  const member = await platform.memberOf(orgId, "developer");
  expect((await refusalOf(member.api.workspaces.freeze.mutate({ workspaceId }))).code).toBe("FORBIDDEN");
  const task = { taskId: newId("task"), workspaceId, projectId: null, action: "workspace.freeze", params: {} };
  expect((await refusalOf(api.tasks.submit.mutate(task))).code).toBe("COMMAND_UNSUPPORTED");
  expect(platform.relay.commandsOf(serverId).filter(({ action }) => /freeze|thaw/.test(action))).toEqual([]);
});

test("how a workspace stands is read from an index of freezes alone, however many tasks it has", async () => {
  await using platform = await TestApi.start();
  const { db } = platform.api.database;
  const { sql: text } = db
    .select({ motion: motionOf })
    .from(workspaces)
    .innerJoin(servers, eq(servers.serverId, workspaces.serverId))
    .toSQL();
  const plan = await db.all<{ detail: string }>(sql.raw(`explain query plan ${text}`));
  expect(plan.map(({ detail }) => detail).join("\n")).toContain("tasks_freezing");
});
