import { eq } from "drizzle-orm";
import { expect, test } from "vitest";
import { runs } from "../src/db/schema.ts";
import { capabilities } from "./fake-bridge.ts";
import { newId, refusalOf, TestApi, type Fixture } from "./test-api.ts";

const online = { kind: "online", epoch: 2, bootId: "b", atMs: 5 } as const;
const leases = { ...capabilities, features: ["leases"] };

async function submit({ api, workspaceId }: Fixture, how: { isDetached?: boolean } = {}) {
  const call = { action: "exec", params: { program: "echo", args: [] } };
  return await api.tasks.submit.mutate({ taskId: newId("task"), workspaceId, projectId: null, ...call, ...how });
}

const givenUp = { kind: "ended", verdict: "indeterminate", code: "LEASE_EXPIRED", message: "away" } as const;

test("[F7] what a bridge says after its run was given up replaces the doubt once, and is said to be late", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const { api, serverId, bridge } = fixture;
  const { taskId, runId } = await submit(fixture);
  await platform.relay.hasEntries(serverId, 3);
  const command = platform.relay.commandsOf(serverId).at(-1)!;
  await platform.report(serverId, { ...givenUp, runId });
  expect(await api.tasks.get.query({ taskId })).toMatchObject({ ...doubt, isLate: false });
  await api.tasks.resolveOutcome.mutate({ taskId, outcome: "failed" });

  await platform.report(serverId, { kind: "result", ...(await bridge.finish(command)) });
  const late = { verdict: "succeeded", code: null, isLate: true, resolution: { outcome: "failed" } };
  expect(await api.tasks.get.query({ taskId })).toMatchObject(late);
  await platform.report(serverId, { kind: "result", ...(await bridge.finish(command, { verdict: "failed" })) });
  await platform.report(serverId, { ...givenUp, runId });
  expect(await api.tasks.get.query({ taskId })).toMatchObject(late);
  // What is known counts, and not what somebody thought before.
  const next = { taskId: newId("task"), workspaceId: fixture.workspaceId, projectId: null, action: "exec" };
  await api.tasks.submit.mutate({ ...next, params: { program: "echo", args: [] }, after: [taskId] });
});

const doubt = { state: "ended", verdict: "indeterminate", code: "LEASE_EXPIRED", message: "away" };

test("[W4] what its bridge cannot say any more stays unknown, whatever it says", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const { api, serverId, bridge } = fixture;
  const { taskId, runId } = await submit(fixture);
  await platform.relay.hasEntries(serverId, 3);
  const command = platform.relay.commandsOf(serverId).at(-1)!;
  await platform.report(serverId, { ...givenUp, code: "BRIDGE_STATE_LOST", runId });
  await platform.report(serverId, { kind: "result", ...(await bridge.finish(command)) });
  expect(await api.tasks.get.query({ taskId })).toMatchObject({ verdict: "indeterminate", isLate: false });
});

test("a task that may not go on without the platform says so in its command, and again when it is signed anew", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const { api, serverId } = fixture;
  await platform.report(serverId, { ...online, capabilities: leases });
  const bound = await submit(fixture, { isDetached: false });
  const free = await submit(fixture);
  expect([bound.isDetached, free.isDetached]).toEqual([false, true]);
  await platform.relay.hasEntries(serverId, 4);
  const told = platform.relay.commandsOf(serverId).slice(-2);
  expect(told.map((command) => command.detached)).toEqual([false, undefined]);
  const answer = await platform.internal("/relay/renewals", { serverId, runIds: [bound.runId, free.runId] });
  const { renewed } = (await answer.json()) as { renewed: { runId: string; signed: string }[] };
  const again = renewed.map(({ runId, signed }) => [runId, (JSON.parse(signed) as { detached?: boolean }).detached]);
  expect(Object.fromEntries(again)).toEqual({ [bound.runId]: false, [free.runId]: undefined });
  // It is a part of what was asked for: the same id with another wish is another task.
  const other = { taskId: bound.taskId, workspaceId: fixture.workspaceId, projectId: null, action: "exec" };
  const refusal = await refusalOf(api.tasks.submit.mutate({ ...other, params: { program: "echo", args: [] } }));
  expect(refusal.code).toBe("CONFLICT");
  const { db } = platform.api.database;
  expect(await db.select().from(runs).where(eq(runs.taskId, bound.taskId))).toHaveLength(1);
});

test("[F11] it is refused for a bridge that does not know how, and nothing is signed", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  await platform.report(fixture.serverId, { ...online, capabilities });
  const refusal = await refusalOf(submit(fixture, { isDetached: false }));
  expect(refusal.code).toBe("COMMAND_UNSUPPORTED");
  expect(refusal.message).toContain("cannot stop a run because the platform is out of reach");
  await submit(fixture);
  await platform.relay.hasEntries(fixture.serverId, 3);
  expect(platform.relay.commandsOf(fixture.serverId).filter(({ detached }) => detached === false)).toEqual([]);
});
