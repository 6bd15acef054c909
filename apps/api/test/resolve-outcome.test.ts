import { eq } from "drizzle-orm";
import { expect, test } from "vitest";
import { auditEntries } from "../src/db/schema.ts";
import { newId, refusalOf, TestApi, type Fixture } from "./test-api.ts";

const args = ["publish", "v1"];

async function submitRun({ api, workspaceId }: Fixture) {
  const submission = { workspaceId, projectId: null, action: "exec", params: { program: "npm", args } };
  return api.tasks.submit.mutate({ ...submission, taskId: newId("task"), priority: "high" });
}

async function lostRun(platform: TestApi, fixture: Fixture) {
  const { taskId, runId } = await submitRun(fixture);
  await platform.report(fixture.serverId, {
    kind: "ended",
    runId,
    verdict: "indeterminate",
    code: "BRIDGE_STATE_LOST",
    message: "The server lost its records.",
  });
  return taskId;
}

async function decisions(platform: TestApi): Promise<(string | null)[]> {
  const { db } = platform.api.database;
  const rows = await db.select().from(auditEntries).where(eq(auditEntries.action, "task.resolve"));
  return rows.map((row) => row.detail);
}

test("an unknown outcome is marked by a person: who and when is kept, and the verdict stays what it was", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const { api } = fixture;
  for (const outcome of ["succeeded", "failed"] as const) {
    const taskId = await lostRun(platform, fixture);
    const { client } = platform.api.database;
    const events = async () => (await client.execute(`select * from events where subjectId = '${taskId}'`)).rows.length;
    const before = await events();
    const view = await api.tasks.resolveOutcome.mutate({ taskId, outcome });
    expect(view).toMatchObject({
      state: "ended",
      verdict: "indeterminate",
      code: "BRIDGE_STATE_LOST",
      resolution: { outcome, by: "ada@example.com", rerunTaskId: null },
    });
    expect(await events()).toBe(before + 1);
    const { tasks } = await api.tasks.list.query({});
    expect(tasks[0]?.resolution).toEqual(view.resolution);
  }
  expect(await decisions(platform)).toEqual(["succeeded", "failed"]);
});

test("running it again submits the same once, linked both ways, however often and at once it is asked [F2]", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const { api, serverId } = fixture;
  const taskId = await lostRun(platform, fixture);
  const again = () => api.tasks.resolveOutcome.mutate({ taskId, outcome: "runAgain" });
  const answers = await Promise.all([again(), again(), again()]);
  answers.push(await again());
  const ids = new Set(answers.map(({ resolution }) => resolution?.rerunTaskId));
  expect(ids.size).toBe(1);
  const [rerunTaskId] = [...ids];
  expect(await api.tasks.get.query({ taskId: rerunTaskId! })).toMatchObject({
    rerunOf: taskId,
    state: "queued",
    action: "exec",
    params: { program: "npm", args },
    priority: "high",
    verdict: null,
  });
  expect((await api.tasks.list.query({})).tasks).toHaveLength(2);
  await platform.relay.hasEntries(serverId, 4);
  const sent = platform.relay.commandsOf(serverId).filter(({ action }) => action === "exec");
  expect(sent.map((command) => command.taskId)).toEqual([taskId, rerunTaskId]);
  expect(await decisions(platform)).toEqual(["runAgain"]);
});

test("it is decided once: another decision is refused and says who decided", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const { api } = fixture;
  const taskId = await lostRun(platform, fixture);
  await api.tasks.resolveOutcome.mutate({ taskId, outcome: "failed" });
  for (const outcome of ["succeeded", "runAgain"] as const) {
    const refusal = await refusalOf(api.tasks.resolveOutcome.mutate({ taskId, outcome }));
    expect(refusal.code).toBe("CONFLICT");
    expect(refusal.message).toContain("ada@example.com has decided");
  }
  expect((await api.tasks.list.query({})).tasks).toHaveLength(1);
  expect(await decisions(platform)).toEqual(["failed"]);
});

test("two different decisions at once: one holds, and nothing runs unless it is the one", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const { api } = fixture;
  const taskId = await lostRun(platform, fixture);
  await Promise.allSettled([
    api.tasks.resolveOutcome.mutate({ taskId, outcome: "runAgain" }),
    api.tasks.resolveOutcome.mutate({ taskId, outcome: "succeeded" }),
  ]);
  const { resolution } = await api.tasks.get.query({ taskId });
  const isRunAgain = resolution?.outcome === "runAgain";
  expect((await api.tasks.list.query({})).tasks).toHaveLength(isRunAgain ? 2 : 1);
  expect(await decisions(platform)).toEqual([resolution?.outcome]);
});

test("only a run whose outcome is unknown can be decided about", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const { api, serverId } = fixture;
  const { taskId, runId } = await submitRun(fixture);
  const decide = () => refusalOf(api.tasks.resolveOutcome.mutate({ taskId, outcome: "runAgain" }));
  expect((await decide()).code).toBe("CONFLICT");
  await platform.report(serverId, { kind: "ended", runId, verdict: "refused", code: "X", message: "" });
  expect((await decide()).code).toBe("CONFLICT");
  expect((await api.tasks.list.query({})).tasks).toHaveLength(1);
});

test("what nobody may submit is not run again this way, and the outcome stays open [T2]", async () => {
  await using platform = await TestApi.start();
  const { api, serverId, workspaceId } = await platform.withWorkspace();
  const source = { workspaceId, name: "qs", url: "https://example.com/qs.git" };
  const { task } = await api.projects.createFromGit.mutate(source);
  const { taskId, runId } = task;
  await platform.report(serverId, { kind: "ended", runId, verdict: "indeterminate", code: "X", message: "" });
  const runAgain = api.tasks.resolveOutcome.mutate({ taskId, outcome: "runAgain" });
  expect((await refusalOf(runAgain)).code).toBe("COMMAND_UNSUPPORTED");
  const marked = await api.tasks.resolveOutcome.mutate({ taskId, outcome: "failed" });
  expect(marked.resolution?.outcome).toBe("failed");
});

test("another org and a viewer decide nothing [T1][T2]", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const taskId = await lostRun(platform, fixture);
  const { orgId } = await fixture.api.orgs.current.query();
  const outsider = await platform.outsider();
  const viewer = await platform.memberOf(orgId, "viewer");
  const byOutsider = outsider.api.tasks.resolveOutcome.mutate({ taskId, outcome: "runAgain" });
  expect((await refusalOf(byOutsider)).code).toBe("NOT_FOUND");
  const byViewer = viewer.api.tasks.resolveOutcome.mutate({ taskId, outcome: "succeeded" });
  expect((await refusalOf(byViewer)).code).toBe("FORBIDDEN");
  expect((await fixture.api.tasks.get.query({ taskId })).resolution).toBeNull();
});
