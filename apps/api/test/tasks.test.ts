import { isSignedBy } from "@quarterdeck/core/protocol/signing";
import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { sealedTail } from "./fake-bridge.ts";
import { newId, refusalOf, TestApi } from "./test-api.ts";

const run = { action: "exec", params: { program: "echo", args: ["hi"] }, projectId: null };

async function countRows(platform: TestApi, table: string): Promise<number> {
  const row = await platform.api.database.db.get<{ count: number }>(
    sql`select count(*) as count from ${sql.identifier(table)}`,
  );
  return row.count;
}

test("a submitted task reaches the relay signed, and its result comes back into the history", async () => {
  await using platform = await TestApi.start();
  const { api, serverId, bridge, workspaceId } = await platform.withWorkspace();
  const taskId = newId("task");
  const task = await api.tasks.submit.mutate({ ...run, taskId, workspaceId });
  expect(task).toMatchObject({ taskId, state: "queued", submittedBy: "ada@example.com", serverName: "box" });

  const entries = await platform.relay.hasEntries(serverId, 3);
  expect(entries.map((entry) => entry.kind)).toEqual(["register", "command", "command"]);
  const signed = entries[2]!;
  if (signed.kind !== "command") throw new Error(signed.kind);
  const { publicKey } = platform.api.runtime.keys.platform;
  expect(await isSignedBy(publicKey, "command", signed)).toBe(true);
  expect(await isSignedBy(publicKey, "command", { ...signed, signed: signed.signed.replace("echo", "evil") })).toBe(
    false,
  );
  const command = platform.relay.commandsOf(serverId)[1]!;
  expect(command).toMatchObject({ taskId, runId: task.runId, action: "exec", params: run.params, effect: "once" });
  expect(command.expiresAtMs - command.notBeforeMs).toBe(15 * 60 * 1000);

  await platform.report(serverId, { kind: "dispatched", runId: task.runId });
  expect(await api.tasks.get.query({ taskId })).toMatchObject({ state: "dispatched", waiting: { reason: "delivery" } });
  await platform.report(serverId, { kind: "result", ...(await bridge.start(command)) });
  expect((await api.tasks.get.query({ taskId })).state).toBe("running");
  await platform.report(serverId, { kind: "result", ...(await bridge.finish(command)) });
  expect(await api.tasks.get.query({ taskId })).toMatchObject({
    state: "ended",
    verdict: "succeeded",
    exitCode: 0,
    tail: sealedTail,
    durationMs: 1000,
    waiting: null,
  });
  const { tasks } = await api.tasks.list.query({});
  expect(tasks.map((listed) => listed.taskId)).toEqual([taskId]);
});

test("submitting the same again is the same task, also after a restart that cut the answer off [F1]", async () => {
  await using platform = await TestApi.start();
  const { api, client, serverId, workspaceId } = await platform.withWorkspace();
  const submission = { ...run, taskId: newId("task"), workspaceId };
  const answers = await Promise.all([1, 2, 3].map(() => api.tasks.submit.mutate(submission)));
  expect(new Set(answers.map((answer) => answer.runId)).size).toBe(1);
  await platform.restart();
  const again = await platform.client(client.sessionToken() ?? "").api.tasks.submit.mutate(submission);
  expect(again.runId).toBe(answers[0]?.runId);
  expect(await countRows(platform, "runs")).toBe(2); // Its own and that of making the workspace.
  await platform.relay.hasEntries(serverId, 3);
  expect(await countRows(platform, "outbox")).toBe(3);
  const refusal = await refusalOf(
    platform
      .client(client.sessionToken() ?? "")
      .api.tasks.submit.mutate({ ...submission, params: { program: "echo", args: ["other"] } }),
  );
  expect(refusal.code).toBe("CONFLICT");
});

test("a program that the server does not allow is refused with what is allowed", async () => {
  await using platform = await TestApi.start();
  const { api, workspaceId } = await platform.withWorkspace();
  const submit = (program: string) =>
    api.tasks.submit.mutate({ ...run, taskId: newId("task"), workspaceId, params: { program, args: [] } });
  const refusal = await refusalOf(submit("rm"));
  expect(refusal.code).toBe("PROGRAM_NOT_ALLOWED");
  expect(refusal.message).toContain("Allowed are: echo, npm.");
  for (const program of ["/bin/echo", "echo ", "Echo", "echo;rm"])
    expect((await refusalOf(submit(program))).code).toBe("PROGRAM_NOT_ALLOWED");
});

test("an action that a client may not submit is refused [T2]", async () => {
  await using platform = await TestApi.start();
  const { api, workspaceId } = await platform.withWorkspace();
  for (const action of ["workspace.create", "project.clone", "task.cancel", "terminal.open", "__proto__", ""]) {
    const submitted = api.tasks.submit.mutate({ ...run, taskId: newId("task"), workspaceId, action, params: {} });
    expect((await refusalOf(submitted)).code).toBe("COMMAND_UNSUPPORTED");
  }
});

test("parameters are checked with the action's own schema, and arguments are kept literally [S1]", async () => {
  await using platform = await TestApi.start();
  const { api, serverId, workspaceId } = await platform.withWorkspace();
  const submit = (params: Record<string, never> | object) =>
    api.tasks.submit.mutate({ ...run, taskId: newId("task"), workspaceId, params: params as Record<string, string> });
  for (const params of [
    {},
    { program: "echo" },
    { program: "echo", args: ["a\0b"] },
    { program: "echo", args: [], cwd: "/" },
  ]) {
    expect((await refusalOf(submit(params))).code).toBe("BAD_REQUEST");
  }
  const tooLarge = await refusalOf(
    submit({ program: "echo", args: Array.from({ length: 10 }, () => "x".repeat(8000)) }),
  );
  expect(tooLarge.code).toBe("TOO_LARGE");
  const args = ["; rm -rf /", "$(id)", "`id`", "a\nb", "'\"", "--flag", "🦊", "ملف"];
  await submit({ program: "echo", args });
  await platform.relay.hasEntries(serverId, 3);
  expect(platform.relay.commandsOf(serverId)[1]?.params).toEqual({ program: "echo", args });
});

test("a viewer reads and does not run [T2]", async () => {
  await using platform = await TestApi.start();
  const { api, workspaceId } = await platform.withWorkspace();
  const viewer = (await platform.memberOf((await api.orgs.current.query()).orgId, "viewer")).api;
  expect((await refusalOf(viewer.tasks.submit.mutate({ ...run, taskId: newId("task"), workspaceId }))).code).toBe(
    "FORBIDDEN",
  );
});

test("each waiting task says why", async () => {
  await using platform = await TestApi.start();
  const { api, serverId, workspaceId } = await platform.withWorkspace();
  const taskId = newId("task");
  const { runId } = await api.tasks.submit.mutate({ ...run, taskId, workspaceId });
  await platform.relay.hasEntries(serverId, 3);
  const why = async () => (await api.tasks.get.query({ taskId })).waiting;
  const third = { position: 3, estimate: { startsInMs: 60_000, running: 1, ahead: 2 } };
  await expect.poll(async () => (await why())?.reason).toBe("delivery");
  platform.relay.waiting = { isOnline: true, state: "waiting", waiting: { reason: "turn", ...third } };
  await expect.poll(why).toMatchObject({ reason: "turn", message: expect.stringContaining("Number 3") });
  platform.relay.waiting = { isOnline: true, state: "waiting", waiting: { reason: "order", behind: runId, ...third } };
  expect((await why())?.reason).toBe("order");
  platform.relay.waiting = { isOnline: true, state: "waiting", waiting: { reason: "signature" } };
  expect(await why()).toMatchObject({ reason: "signature", message: expect.stringContaining("signed again") });
  platform.relay.waiting = {
    isOnline: true,
    state: "waiting",
    waiting: { reason: "capacity", resource: "memory", ...third },
  };
  expect(await why()).toMatchObject({ reason: "capacity", message: expect.stringContaining("not enough memory") });
  platform.relay.waiting = { isOnline: true, state: "waiting", waiting: { reason: "blocked", code: "DISK_FULL" } };
  expect(await why()).toMatchObject({ reason: "server", message: expect.stringContaining("disk of box is full") });
  await platform.report(serverId, { kind: "offline", reason: "silent" });
  expect(await why()).toMatchObject({ reason: "server", message: expect.stringContaining("box is offline") });
  await platform.relay.stop();
  await platform.api.runtime.relay.probe();
  expect((await why())?.reason).toBe("relay");
  expect((await api.servers.get.query({ serverId })).isRelayReachable).toBe(false);
});

test("cancelling tells the relay once, however often it is asked, and never before the task", async () => {
  await using platform = await TestApi.start();
  const { api, serverId, workspaceId } = await platform.withWorkspace();
  const taskId = newId("task");
  const { runId } = await api.tasks.submit.mutate({ ...run, taskId, workspaceId });
  const answers = await Promise.all([1, 2, 3].map(() => api.tasks.cancel.mutate({ taskId })));
  expect(answers.every((answer) => answer.isCancelling)).toBe(true);
  const entries = await platform.relay.hasEntries(serverId, 4);
  expect(entries.map((entry) => entry.kind)).toEqual(["register", "command", "command", "cancel"]);
  expect(entries[3]).toMatchObject({ runId });
  await platform.report(serverId, {
    kind: "ended",
    runId,
    verdict: "cancelled",
    code: "CANCELLED",
    message: "Cancelled before it started.",
  });
  expect(await api.tasks.cancel.mutate({ taskId })).toMatchObject({
    state: "ended",
    verdict: "cancelled",
    isCancelling: false,
  });
  expect(platform.relay.entriesOf(serverId)).toHaveLength(4);
});

test("the priority of a waiting task is changed once, told to the relay after the task, and of no other task", async () => {
  await using platform = await TestApi.start();
  const { api, serverId, workspaceId } = await platform.withWorkspace();
  const taskId = newId("task");
  const { runId } = await api.tasks.submit.mutate({ ...run, taskId, workspaceId });
  expect(await api.tasks.setPriority.mutate({ taskId, priority: "urgent" })).toMatchObject({ priority: "urgent" });
  expect(await api.tasks.setPriority.mutate({ taskId, priority: "urgent" })).toMatchObject({ priority: "urgent" });
  const entries = await platform.relay.hasEntries(serverId, 4);
  expect(entries[3]).toEqual({ kind: "priority", position: 4, runId, priority: "urgent" });
  expect(await api.tasks.submit.mutate({ ...run, taskId, workspaceId })).toMatchObject({ runId, priority: "urgent" });
  const { renewed } = (await (await platform.internal("/relay/renewals", { serverId, runIds: [runId] })).json()) as {
    renewed: { signed: string }[];
  };
  expect(JSON.parse(renewed[0]!.signed)).toMatchObject({ priority: "urgent" });
  const audit = await platform.api.database.db.all<{ subject: string; detail: string }>(
    sql`select subject, detail from audit_entries where action = 'task.setPriority'`,
  );
  expect(audit).toEqual([{ subject: taskId, detail: "normal → urgent" }]);

  await platform.report(serverId, { kind: "dispatched", runId });
  const refusal = await refusalOf(api.tasks.setPriority.mutate({ taskId, priority: "low" }));
  expect(refusal).toMatchObject({ code: "CONFLICT", message: expect.stringContaining("does not wait any more") });
  const viewer = await platform.memberOf((await api.orgs.current.query()).orgId, "viewer");
  expect((await refusalOf(viewer.api.tasks.setPriority.mutate({ taskId, priority: "low" }))).code).toBe("FORBIDDEN");
  expect(platform.relay.entriesOf(serverId)).toHaveLength(4);
});

test("the history comes in pages, newest first, without a gap or a repetition", async () => {
  await using platform = await TestApi.start();
  const { api, workspaceId } = await platform.withWorkspace();
  const ids: string[] = [];
  for (let i = 0; i < 7; i++)
    ids.unshift((await api.tasks.submit.mutate({ ...run, taskId: newId("task"), workspaceId })).taskId);
  const seen: string[] = [];
  let cursor: Parameters<typeof api.tasks.list.query>[0]["cursor"] = null;
  do {
    const page: Awaited<ReturnType<typeof api.tasks.list.query>> = await api.tasks.list.query({
      limit: 3,
      cursor,
      workspaceId,
    });
    seen.push(...page.tasks.map((task) => task.taskId));
    cursor = page.nextCursor as typeof cursor;
  } while (cursor !== null);
  expect(seen).toEqual(ids);
});
