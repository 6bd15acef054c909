import type { RunId, ServerId } from "@quarterdeck/core/ids";
import { commandSchema } from "@quarterdeck/core/protocol/command";
import { renewalAnswerSchema } from "@quarterdeck/core/protocol/relay-api";
import { isSignedBy } from "@quarterdeck/core/protocol/signing";
import { eq, sql, type SQL } from "drizzle-orm";
import { expect, test } from "vitest";
import { auditEntries, members, projects, runs, servers, tasks } from "../src/db/schema.ts";
import { findRunsToRenew, insertRenewal } from "../src/relay/renewal-repo.ts";
import { commandLife } from "../src/tasks/sign-command.ts";
import { newId, TestApi, type Fixture } from "./test-api.ts";

async function waitingRun(platform: TestApi, { api, serverId, workspaceId }: Fixture, by = api) {
  const taskId = newId("task");
  const submission = {
    taskId,
    workspaceId,
    projectId: null,
    action: "exec",
    params: { program: "echo", args: ["hi"] },
  };
  const { runId } = await by.tasks.submit.mutate(submission);
  const find = () => platform.relay.commandsOf(serverId).find((sent) => sent.runId === runId);
  await expect.poll(find).toBeDefined();
  return { taskId, runId, command: find()! };
}

async function renew(platform: TestApi, serverId: ServerId, ...runIds: RunId[]) {
  const response = await platform.internal("/relay/renewals", { serverId, runIds });
  const { renewed, refused } = renewalAnswerSchema.parse(await response.json());
  return { renewed, refused, commands: renewed.map(({ signed }) => commandSchema.parse(JSON.parse(signed))) };
}

async function audited(platform: TestApi, runId: RunId): Promise<string[]> {
  const { db } = platform.api.database;
  const rows = await db.select().from(auditEntries).where(eq(auditEntries.subject, runId));
  return rows.map((row) => `${row.action} ${row.outcome} ${row.detail}`);
}

test("a waiting command is signed anew: the same run with the same parameters, under a command id of its own, for a quarter of an hour", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const { runId, command } = await waitingRun(platform, fixture);
  expect(command.expiresAtMs - command.notBeforeMs).toBe(15 * 60 * 1000);
  const { renewed, refused, commands } = await renew(platform, fixture.serverId, runId, runId);
  expect(refused).toEqual([]);
  expect(renewed.map((entry) => entry.runId)).toEqual([runId]);
  const { commandId, notBeforeMs, expiresAtMs, ...same } = commands[0]!;
  expect(command).toMatchObject(same);
  expect(commandId).not.toBe(command.commandId);
  expect(expiresAtMs - notBeforeMs).toBe(commandLife.signatureMs);
  expect(await isSignedBy(platform.api.runtime.keys.platform.publicKey, "command", renewed[0]!)).toBe(true);
  expect((await audited(platform, runId))[0]).toMatch(/^run\.renew done exec submitted by usr_/);
  const [row] = await platform.api.database.db.select().from(runs).where(eq(runs.runId, runId));
  expect(row).toMatchObject({ expiresAtMs, attempt: 1, state: "queued" });
});

test("after a lost answer it is signed once more, and the result of whichever the bridge took is recorded [F2]", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const { api, serverId, bridge } = fixture;
  for (const taken of [0, 1, 2]) {
    const { taskId, runId, command } = await waitingRun(platform, fixture);
    const first = (await renew(platform, serverId, runId)).commands[0]!;
    const second = (await renew(platform, serverId, runId)).commands[0]!;
    expect(second.commandId).not.toBe(first.commandId);
    const theOne = [command, first, second][taken]!;
    await platform.report(serverId, { kind: "result", ...(await bridge.start(theOne)) });
    expect((await api.tasks.get.query({ taskId })).state).toBe("running");
    await platform.report(serverId, { kind: "result", ...(await bridge.finish(theOne)) });
    expect(await api.tasks.get.query({ taskId })).toMatchObject({ state: "ended", verdict: "succeeded" });
  }
});

test("a renewal outlives the API that gave it [F1]", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const { taskId, runId } = await waitingRun(platform, fixture);
  const renewed = (await renew(platform, fixture.serverId, runId)).commands[0]!;
  await platform.restart();
  await platform.report(fixture.serverId, { kind: "result", ...(await fixture.bridge.finish(renewed)) });
  const again = platform.client(fixture.client.sessionToken() ?? "");
  expect((await again.api.tasks.get.query({ taskId })).verdict).toBe("succeeded");
});

test("what changes while a renewal is being signed is seen when it is written [T2]", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const { runId, taskId } = await waitingRun(platform, fixture);
  const { db } = platform.api.database;
  const { writer } = platform.api.runtime;
  const [run] = await findRunsToRenew(db, fixture.serverId, [runId]);
  const write = async () => {
    const renewal = { commandId: newId("command"), signedAtMs: 1, expiresAtMs: 2 };
    return (await writer.commit(insertRenewal(run!, renewal))).map(({ rowsChanged }) => rowsChanged);
  };
  expect(await write()).toEqual([1, 1]);
  await writer.commit([sql`update ${members} set role = 'viewer'`]);
  expect(await write()).toEqual([0, 0]);
  await writer.commit([sql`update ${members} set role = 'owner'`]);
  await fixture.api.tasks.cancel.mutate({ taskId });
  expect(await write()).toEqual([0, 0]);
});

test("asked for twice at once, both answers are good and both are recorded [F2]", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const { runId } = await waitingRun(platform, fixture);
  const answers = await Promise.all([1, 2].map(() => renew(platform, fixture.serverId, runId)));
  const ids = answers.map(({ commands }) => commands[0]?.commandId);
  const rows = await platform.api.database.client.execute("select commandId from renewals");
  expect(rows.rows).toHaveLength(2);
  expect(new Set(rows.rows.map((row) => row["commandId"]))).toEqual(new Set(ids));
  expect(await audited(platform, runId)).toHaveLength(2);
});

test("a result under a command id that was renewed for another run is refused [W4]", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const { taskId, command } = await waitingRun(platform, fixture);
  const other = await waitingRun(platform, fixture);
  const { commandId } = (await renew(platform, fixture.serverId, other.runId)).commands[0]!;
  const crossed = await fixture.bridge.finish({ ...command, commandId });
  await platform.report(fixture.serverId, { kind: "result", ...crossed });
  expect((await fixture.api.tasks.get.query({ taskId })).state).toBe("queued");
});

test("nothing is signed for someone who may not any more: each check of the submission is made again [T2][T3]", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const { api, serverId } = fixture;
  const { db } = platform.api.database;
  const commit = (statement: SQL) => platform.api.runtime.writer.commit([statement]);
  const { orgId } = await api.orgs.current.query();
  const member = await platform.memberOf(orgId, "developer");
  const { userId } = (await member.api.auth.state.query()).me!;
  const { runId } = await waitingRun(platform, fixture, member.api);
  const setRole = (role: string) =>
    commit(
      sql`update ${members} set role = ${role} where ${eq(members.userId, userId)} and ${eq(members.orgId, orgId)}`,
    );

  await setRole("viewer");
  expect((await renew(platform, serverId, runId)).refused).toMatchObject([{ runId, code: "FORBIDDEN" }]);
  await setRole("developer");
  expect((await renew(platform, serverId, runId)).renewed).toHaveLength(1);

  const changes: [string, SQL, SQL][] = [
    [
      "COMMAND_WRONG_TARGET",
      sql`update ${servers} set "keyFingerprint" = 'x' || "keyFingerprint"`,
      sql`update ${servers} set "keyFingerprint" = substr("keyFingerprint", 2)`,
    ],
    [
      "COMMAND_EXPIRED",
      sql`update ${tasks} set "submittedAtMs" = "submittedAtMs" - ${commandLife.runMs}`,
      sql`update ${tasks} set "submittedAtMs" = "submittedAtMs" + ${commandLife.runMs}`,
    ],
  ];
  for (const [code, change, undo] of changes) {
    await commit(change);
    expect((await renew(platform, serverId, runId)).refused).toMatchObject([{ code }]);
    await commit(undo);
    expect((await renew(platform, serverId, runId)).renewed).toHaveLength(1);
  }
  await commit(sql`delete from ${members} where ${eq(members.userId, userId)}`);
  expect((await renew(platform, serverId, runId)).refused).toMatchObject([{ code: "FORBIDDEN" }]);
  const entries = await audited(platform, runId);
  expect(entries.filter((entry) => entry.includes("refused")).sort()).toEqual([
    "run.renew refused COMMAND_EXPIRED",
    "run.renew refused COMMAND_WRONG_TARGET",
    "run.renew refused FORBIDDEN", // Twice within the hour is one entry.
  ]);
  expect(await db.select().from(runs).where(eq(runs.state, "ended"))).toEqual([]); // Ending it is the relay's report.
});

test("a run whose project is in another workspace now, that was cancelled, or that ended is not signed anew [T2]", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const { api, serverId, workspaceId, bridge } = fixture;
  const { project, task } = await api.projects.createFromGit.mutate({
    workspaceId,
    name: "qs",
    url: "https://example.com/qs.git",
  });
  const other = await api.workspaces.create.mutate({ name: "Other", serverId });
  expect((await renew(platform, serverId, task.runId)).renewed).toHaveLength(1);
  await platform.api.runtime.writer.commit([
    sql`update ${projects} set "workspaceId" = ${other.workspaceId} where ${eq(projects.projectId, project.projectId)}`,
  ]);
  const cancelled = await waitingRun(platform, fixture);
  await api.tasks.cancel.mutate({ taskId: cancelled.taskId });
  const ended = await waitingRun(platform, fixture);
  await platform.report(serverId, { kind: "result", ...(await bridge.finish(ended.command)) });
  const running = await waitingRun(platform, fixture);
  await platform.report(serverId, { kind: "result", ...(await bridge.start(running.command)) });
  const asked = [task.runId, cancelled.runId, ended.runId, running.runId];
  const { renewed, refused } = await renew(platform, serverId, ...asked);
  expect(renewed).toEqual([]);
  expect(refused.map(({ runId, code }) => [runId, code])).toEqual([
    [task.runId, "NOT_FOUND"],
    [cancelled.runId, "CANCELLED"],
    [ended.runId, "ALREADY_ENDED"],
    [running.runId, "CONFLICT"],
  ]);
  for (const { runId, code, message } of refused) {
    await platform.report(serverId, { kind: "ended", runId, verdict: "refused", code, message });
  }
  const outcomes = await Promise.all(
    [task, cancelled, ended, running].map(({ taskId }) => api.tasks.get.query({ taskId })),
  );
  expect(outcomes.map(({ state, verdict }) => verdict ?? state)).toEqual([
    "refused",
    "cancelled",
    "succeeded",
    "running",
  ]);
});

test("a run of another server or of nobody is not found, and a server that is unknown neither [T1][W4]", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const { runId } = await waitingRun(platform, fixture);
  const foreign = await platform.withWorkspace(await platform.outsider());
  const nobodys = newId("run");
  const { renewed, refused } = await renew(platform, foreign.serverId, runId, nobodys);
  expect(renewed).toEqual([]);
  const message = "There is no such run on this server.";
  expect(refused).toEqual([runId, nobodys].map((id) => ({ runId: id, code: "NOT_FOUND", message })));
  const body = { serverId: newId("server"), runIds: [runId] };
  expect((await platform.internal("/relay/renewals", body)).status).toBe(404);
  expect((await platform.internal("/relay/renewals", { ...body, more: 1 })).status).toBe(400);
  const request = { method: "POST", body: JSON.stringify(body) };
  expect((await fetch(`${platform.api.internalOrigin}/relay/renewals`, request)).status).toBe(401);
  expect((await fetch(`${platform.origin}/relay/renewals`, request)).status).toBe(404);
});

test("a cancel is valid as long as the run may wait, so that it still counts when its server comes back", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const { taskId } = await waitingRun(platform, fixture);
  await fixture.api.tasks.cancel.mutate({ taskId });
  const cancel = (await platform.relay.hasEntries(fixture.serverId, 4))[3]!;
  if (cancel.kind !== "cancel") throw new Error(cancel.kind);
  const { notBeforeMs, expiresAtMs } = commandSchema.parse(JSON.parse(cancel.signed));
  expect(expiresAtMs - notBeforeMs).toBe(commandLife.cancelMs);
});
