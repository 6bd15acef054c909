import type { TaskId } from "@quarterdeck/core/ids";
import type { OutboxEntry } from "@quarterdeck/core/protocol/relay-api";
import { expect, test } from "vitest";
import { newId, refusalOf, TestApi, type Fixture } from "./test-api.ts";

const run = { action: "exec", params: { program: "echo", args: ["hi"] }, projectId: null };

function submit({ api, workspaceId }: Fixture, order: { after?: TaskId[]; isParallel?: boolean } = {}) {
  return api.tasks.submit.mutate({ ...run, taskId: newId("task"), workspaceId, ...order });
}

/** What the relay was told of each command's order, the workspace's own left out. */
async function ordersAtRelay(platform: TestApi, { serverId }: Fixture, count: number) {
  const entries = await platform.relay.hasEntries(serverId, 2 + count);
  const commands = entries.filter(
    (entry): entry is Extract<OutboxEntry, { kind: "command" }> => entry.kind === "command",
  );
  return commands.slice(1).map(({ order }) => order && { ...order, after: order.after.toSorted() });
}

async function end(platform: TestApi, { serverId, bridge }: Fixture, taskId: TaskId, verdict: "succeeded" | "failed") {
  const command = platform.relay.commandsOf(serverId).find((one) => one.taskId === taskId)!;
  await platform.report(serverId, { kind: "result", ...(await bridge.finish(command, { verdict })) });
}

test("a task follows others: the relay is told their runs, and the view says which they are", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const first = await submit(fixture);
  const second = await submit(fixture, { isParallel: true });
  const third = await submit(fixture, { after: [first.taskId, second.taskId] });
  expect(third).toMatchObject({ after: [first.taskId, second.taskId], isParallel: false, state: "queued" });
  expect(second).toMatchObject({ after: [], isParallel: true });
  expect(await ordersAtRelay(platform, fixture, 3)).toEqual([
    undefined,
    { after: [], isParallel: true },
    { after: [first.runId, second.runId].sort(), isParallel: false },
  ]);
  const { tasks } = await fixture.api.tasks.list.query({});
  expect(tasks[0]?.after).toEqual([first.taskId, second.taskId]);
});

test("what has succeeded is followed already; what ended otherwise can not be followed any more, unless a person calls it done", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const [good, bad, lost] = [await submit(fixture), await submit(fixture), await submit(fixture)];
  await platform.relay.hasEntries(fixture.serverId, 5);
  await end(platform, fixture, good.taskId, "succeeded");
  await end(platform, fixture, bad.taskId, "failed");
  const message = "The server lost its records.";
  const gone = { kind: "ended", verdict: "indeterminate", code: "BRIDGE_STATE_LOST", message } as const;
  await platform.report(fixture.serverId, { ...gone, runId: lost.runId });
  expect(await submit(fixture, { after: [good.taskId] })).toMatchObject({ after: [good.taskId] });
  for (const taskId of [bad.taskId, lost.taskId]) {
    expect(await refusalOf(submit(fixture, { after: [good.taskId, taskId] }))).toEqual({
      code: "DEPENDENCY_FAILED",
      message:
        "A task that this one was to run after has ended and did not succeed. Look at that one, or leave it out.",
    });
  }
  await fixture.api.tasks.resolveOutcome.mutate({ taskId: lost.taskId, outcome: "succeeded" });
  await submit(fixture, { after: [lost.taskId] });
  expect((await ordersAtRelay(platform, fixture, 5)).slice(3)).toEqual([undefined, undefined]);
});

test("only tasks that are there can be followed, of the same workspace, and not more than twenty", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const { api, serverId } = fixture;
  const { workspaceId } = await api.workspaces.create.mutate({ name: "Other", serverId });
  const elsewhere = await submit({ ...fixture, workspaceId });
  const stranger = await platform.withWorkspace(await platform.outsider());
  const foreign = await submit(stranger);
  for (const taskId of [newId("task"), elsewhere.taskId, foreign.taskId]) {
    expect((await refusalOf(submit(fixture, { after: [taskId] }))).code).toBe("NOT_FOUND");
  }
  const itself = newId("task");
  const circle = api.tasks.submit.mutate({ ...run, taskId: itself, workspaceId: fixture.workspaceId, after: [itself] });
  expect((await refusalOf(circle)).code).toBe("NOT_FOUND");
  const many = Array.from({ length: 21 }, () => elsewhere.taskId);
  expect((await refusalOf(submit(fixture, { after: many }))).code).toBe("BAD_REQUEST");
  const first = await submit(fixture);
  expect(await submit(fixture, { after: [first.taskId, first.taskId] })).toMatchObject({ state: "queued" });
});

test("the same submission again is the same task also when what it follows has failed since; another order is another submission", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const first = await submit(fixture);
  const wish = { ...run, taskId: newId("task"), workspaceId: fixture.workspaceId, after: [first.taskId] };
  const { runId } = await fixture.api.tasks.submit.mutate(wish);
  await platform.relay.hasEntries(fixture.serverId, 4);
  await end(platform, fixture, first.taskId, "failed");
  expect((await fixture.api.tasks.submit.mutate(wish)).runId).toBe(runId);
  expect((await refusalOf(fixture.api.tasks.submit.mutate({ ...wish, after: [] }))).code).toBe("CONFLICT");
  expect((await refusalOf(fixture.api.tasks.submit.mutate({ ...wish, isParallel: true }))).code).toBe("CONFLICT");
});

test("what the relay says of a task whose predecessor failed is its end", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const first = await submit(fixture);
  const second = await submit(fixture, { after: [first.taskId] });
  const message = "A task that it was to run after did not succeed, so it was not started.";
  const ended = { kind: "ended", runId: second.runId, verdict: "refused", code: "DEPENDENCY_FAILED", message } as const;
  await platform.report(fixture.serverId, ended);
  expect(await fixture.api.tasks.get.query({ taskId: second.taskId })).toMatchObject({
    state: "ended",
    verdict: "refused",
    code: "DEPENDENCY_FAILED",
    message,
  });
});
