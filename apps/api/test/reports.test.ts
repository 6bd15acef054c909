import { eq } from "drizzle-orm";
import { expect, test } from "vitest";
import { auditEntries } from "../src/db/schema.ts";
import { advanceReports, holdsMark, setServerOnline } from "../src/relay/report-repo.ts";
import { startStream } from "../src/relay/report-stream.ts";
import { capabilities, FakeBridge } from "./fake-bridge.ts";
import { newId, reportStream, TestApi, type Fixture, type UnnumberedReport } from "./test-api.ts";

async function startedRun(platform: TestApi, { api, serverId, workspaceId }: Fixture) {
  const taskId = newId("task");
  await api.tasks.submit.mutate({
    taskId,
    workspaceId,
    projectId: null,
    action: "exec",
    params: { program: "echo", args: [] },
  });
  await platform.relay.hasEntries(serverId, 3);
  return { taskId, command: platform.relay.commandsOf(serverId).at(-1)! };
}

async function refusals(platform: TestApi): Promise<(string | null)[]> {
  const rows = await platform.api.database.db.select().from(auditEntries).where(eq(auditEntries.outcome, "refused"));
  return rows.map((row) => row.action);
}

test("reports that come again are acknowledged and change nothing [F2]", async () => {
  await using platform = await TestApi.start();
  const { serverId } = await platform.withWorkspace();
  const online = { kind: "online", epoch: 2, bootId: "b", capabilities, atMs: 5 };
  const offline = { kind: "offline", reason: "silent", atMs: 6 };
  const reports = [
    { ...online, seq: 2 },
    { ...offline, seq: 3 },
  ];
  const post = (some: unknown[]) =>
    platform.internal("/relay/reports", { serverId, stream: reportStream, reports: some });
  for (const batch of [reports, reports, [reports[0]]]) {
    expect(await (await post(batch)).json()).toEqual({ through: 3, spreadMs: 2000 });
  }
  const [first] = await platform.api.database.client
    .execute("select status, reportSeq from servers")
    .then(({ rows }) => rows);
  expect(first).toMatchObject({ status: "offline", reportSeq: 3 });
});

test("the same batch sent twice at once is recorded once [F2]", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const { command, taskId } = await startedRun(platform, fixture);
  const result = await fixture.bridge.finish(command);
  const reports = [
    { kind: "dispatched", runId: command.runId, seq: 2, atMs: 1 },
    { kind: "result", ...result, seq: 3, atMs: 2 },
  ];
  const { client } = platform.api.database;
  const count = async () =>
    (await client.execute(`select count(*) as n from events where subjectId = '${taskId}'`)).rows[0]?.["n"];
  const before = Number(await count());
  const answers = await Promise.all(
    [1, 2, 3].map(() =>
      platform.internal("/relay/reports", { serverId: fixture.serverId, stream: reportStream, reports }),
    ),
  );
  expect(await Promise.all(answers.map((answer) => answer.json()))).toEqual(
    [1, 2, 3].map(() => ({ through: 3, spreadMs: 2000 })),
  );
  expect(Number(await count()) - before).toBe(2);
});

test("a batch in disorder, with a report twice, is recorded in order, each report once [F2]", async () => {
  await using platform = await TestApi.start();
  const { serverId } = await platform.withWorkspace();
  const duplicate = { kind: "duplicateKey", epoch: 3, bootId: "other", seq: 2, atMs: 5 };
  const offline = { kind: "offline", reason: "silent", seq: 3, atMs: 6 };
  const before = await refusals(platform);
  const answer = await platform.internal("/relay/reports", {
    serverId,
    stream: reportStream,
    reports: [offline, duplicate, duplicate],
  });
  expect(await answer.json()).toEqual({ through: 3, spreadMs: 2000 });
  expect(await refusals(platform)).toEqual([...before, "server.connect"]);
  const [server] = (await platform.api.database.client.execute("select status from servers")).rows;
  expect(server).toMatchObject({ status: "offline" });
});

/** Sends one report under a number of a stream. */
async function send(platform: TestApi, fixture: Fixture, [stream, seq, report]: [string, number, UnnumberedReport]) {
  const reports = [{ ...report, seq, atMs: Date.now() }];
  return (await platform.internal("/relay/reports", { serverId: fixture.serverId, stream, reports })).json();
}

test("a relay object that lost its storage counts anew, and nothing that it reports is lost [F3]", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const { command, taskId } = await startedRun(platform, fixture);
  const silent = { kind: "offline", reason: "silent" } as const;
  for (let seq = 2; seq <= 57; seq++) await send(platform, fixture, [reportStream, seq, silent]);
  const result = { kind: "result", ...(await fixture.bridge.finish(command)) } as const;
  const again = await Promise.all([1, 2].map(() => send(platform, fixture, ["second", 1, result])));
  expect(again).toEqual([1, 2].map(() => expect.objectContaining({ through: 1 })));
  expect((await fixture.api.tasks.get.query({ taskId })).verdict).toBe("succeeded");
  const online = { kind: "online", epoch: 1, bootId: "b", capabilities } as const;
  expect(await send(platform, fixture, ["second", 2, online])).toMatchObject({ through: 2 });
  // What of the first stream comes late is refused, also when it is the number that would have been next.
  for (const seq of [2, 58]) {
    const late = await send(platform, fixture, [reportStream, seq, silent]);
    expect(late).toMatchObject({ through: 0, isStreamOver: true });
  }
  expect((await fixture.api.servers.get.query({ serverId: fixture.serverId })).status).toBe("online");
});

test("an object with an old copy of its storage goes on in a new stream, from the number that it has [F3]", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const online = { kind: "online", epoch: 1, bootId: "b", capabilities } as const;
  expect(await send(platform, fixture, ["second", 41, online])).toMatchObject({ through: 41 });
  expect(await send(platform, fixture, ["second", 42, online])).toMatchObject({ through: 42 });
});

test("a number that is recorded for another report shows an old copy of the storage, also amid others; the same report does not [F3]", async () => {
  await using platform = await TestApi.start();
  const { api, serverId } = await platform.withWorkspace();
  const post = async (stream: string, reports: object[]) =>
    (await platform.internal("/relay/reports", { serverId, stream, reports })).json();
  const online = { kind: "online", epoch: 1, bootId: "b", capabilities, atMs: 5 };
  const silent = { kind: "offline", reason: "silent", atMs: 6 };
  const numbered = (from: number, ...reports: object[]) =>
    reports.map((report, index) => ({ ...report, seq: from + index }));
  await post(reportStream, numbered(2, silent, online));
  expect(await post(reportStream, numbered(2, silent, online, silent))).toMatchObject({ through: 4 });
  const copy = numbered(2, silent, silent, online, online);
  expect(await post(reportStream, copy)).toMatchObject({ through: 0, isStreamOver: true });
  expect((await api.servers.get.query({ serverId })).status).toBe("offline");
  expect(await post("second", copy)).toMatchObject({ through: 5 });
  expect((await api.servers.get.query({ serverId })).status).toBe("online");
});

test("of two processes that begin a stream at once one does, and the stream before stays over [F2]", async () => {
  await using platform = await TestApi.start();
  const { serverId } = await platform.withWorkspace();
  const { writer } = platform.api.runtime;
  const begin = (stream: string) => writer.commit(startStream({ serverId, stream, previous: reportStream }, 1));
  const outcomes = await Promise.all([begin("second"), begin("third")]);
  expect(outcomes.map(([first]) => first?.rowsChanged)).toEqual([1, 0]);
  const back = await writer.commit(startStream({ serverId, stream: reportStream, previous: "second" }, 1));
  expect(back[0]?.rowsChanged).toBe(0);
});

test("a report that another replica has recorded meanwhile changes nothing, although it was read as new [F2]", async () => {
  await using platform = await TestApi.start();
  const { serverId } = await platform.withWorkspace();
  await platform.report(serverId, { kind: "offline", reason: "silent" });
  const late = { serverId, stream: reportStream, previousSeq: 0, seq: 1, hash: "late", mark: "late" };
  const online = { kind: "online", epoch: 1, bootId: "late", capabilities, seq: 1, atMs: 1 } as const;
  const outcomes = await platform.api.runtime.writer.commit([
    advanceReports(late),
    setServerOnline(serverId, online, holdsMark(serverId, late.mark)),
  ]);
  expect(outcomes.map(({ rowsChanged }) => rowsChanged)).toEqual([0, 0]);
});

test("a result that the bridge did not sign changes no task, is recorded, and holds up nothing [W4][W2]", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const { api, serverId, bridge } = fixture;
  const { taskId, command } = await startedRun(platform, fixture);
  const genuine = await bridge.finish(command);
  const byAnother = await (await FakeBridge.create()).finish(command);
  const changed = { ...genuine, signed: genuine.signed.replace('"succeeded"', '"cancelled"') };
  const notAResult = await bridge.enrolRequest("x"); // Signed by the bridge, for another use.
  const otherTask = await bridge.finish({ ...command, taskId: newId("task") });
  const otherCommand = await bridge.finish({ ...command, commandId: newId("command") });
  for (const forged of [byAnother, changed, notAResult, otherTask, otherCommand]) {
    expect((await platform.report(serverId, { kind: "result", ...forged })).status).toBe(200);
    expect((await api.tasks.get.query({ taskId })).state).toBe("queued");
  }
  expect(await refusals(platform)).toEqual(Array.from({ length: 5 }, () => "run.result"));
  await platform.report(serverId, { kind: "result", ...genuine });
  expect((await api.tasks.get.query({ taskId })).verdict).toBe("succeeded");
});

test("a server cannot end a run of another server [T1][W4]", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const { taskId, command } = await startedRun(platform, fixture);
  const other = await platform.connectServer(fixture.client);
  const result = await other.bridge.finish({ ...command, serverId: other.serverId });
  await platform.report(other.serverId, { kind: "result", ...result });
  await platform.report(other.serverId, {
    kind: "ended",
    runId: command.runId,
    verdict: "cancelled",
    code: "X",
    message: "",
  });
  expect((await fixture.api.tasks.get.query({ taskId })).state).toBe("queued");
});

test("a run that ended stays as it ended, whatever comes late", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const { api, serverId, bridge } = fixture;
  const { taskId, command } = await startedRun(platform, fixture);
  await platform.report(serverId, {
    kind: "result",
    ...(await bridge.finish(command, { verdict: "failed", exitCode: 3 })),
  });
  await platform.report(
    serverId,
    { kind: "dispatched", runId: command.runId },
    { kind: "result", ...(await bridge.start(command)) },
    { kind: "ended", runId: command.runId, verdict: "expired", code: "COMMAND_EXPIRED", message: "" },
    { kind: "result", ...(await bridge.finish(command)) },
  );
  expect(await api.tasks.get.query({ taskId })).toMatchObject({ state: "ended", verdict: "failed", exitCode: 3 });
});

test("a run that its bridge started cannot end as one that never reached it [W4]", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const { api, serverId, bridge } = fixture;
  const { taskId, command } = await startedRun(platform, fixture);
  await platform.report(serverId, { kind: "result", ...(await bridge.start(command)) });
  for (const verdict of ["refused", "expired", "cancelled"] as const) {
    await platform.report(serverId, { kind: "ended", runId: command.runId, verdict, code: "X", message: "" });
    expect((await api.tasks.get.query({ taskId })).state).toBe("running");
  }
  await platform.report(serverId, {
    kind: "ended",
    runId: command.runId,
    verdict: "indeterminate",
    code: "X",
    message: "",
  });
  expect((await api.tasks.get.query({ taskId })).verdict).toBe("indeterminate");
});

test("a clone that ended at the relay leaves its project to be cloned again", async () => {
  await using platform = await TestApi.start();
  const { api, serverId, workspaceId } = await platform.withWorkspace();
  const { project, task } = await api.projects.createFromGit.mutate({
    workspaceId,
    name: "qs",
    url: "https://example.com/qs.git",
  });
  await platform.report(serverId, {
    kind: "ended",
    runId: task.runId,
    verdict: "expired",
    code: "COMMAND_EXPIRED",
    message: "It waited longer than a day.",
  });
  expect(await api.projects.get.query({ projectId: project.projectId })).toMatchObject({
    state: "cloneFailed",
    cloneMessage: "It waited longer than a day.",
  });
});

test("reports of a server that does not exist, or without the key, are refused", async () => {
  await using platform = await TestApi.start();
  const reports = [{ kind: "offline", reason: "", seq: 1, atMs: 1 }];
  expect(
    (await platform.internal("/relay/reports", { serverId: newId("server"), stream: reportStream, reports })).status,
  ).toBe(404);
  const body = JSON.stringify({ serverId: newId("server"), stream: reportStream, reports });
  expect((await fetch(`${platform.api.internalOrigin}/relay/reports`, { method: "POST", body })).status).toBe(401);
  expect((await fetch(`${platform.origin}/relay/reports`, { method: "POST", body })).status).toBe(404);
});

test("a bridge key that connects from two machines is recorded", async () => {
  await using platform = await TestApi.start();
  const { serverId } = await platform.withWorkspace();
  await platform.report(serverId, { kind: "duplicateKey", epoch: 2, bootId: "other" });
  expect(await refusals(platform)).toEqual(["server.connect"]);
});

test("a bridge that the relay quarantines is recorded and shown on its server while it lasts [W1]", async () => {
  await using platform = await TestApi.start();
  const { api, serverId } = await platform.withWorkspace();
  const quarantined = async () => (await api.servers.get.query({ serverId })).quarantinedUntilMs;
  expect(await quarantined()).toBeNull();
  const untilMs = Date.now() + 60_000;
  await platform.report(serverId, { kind: "quarantined", untilMs });
  expect(await quarantined()).toBe(untilMs);
  expect(await refusals(platform)).toEqual(["server.connect"]);
  expect(platform.logLines.some((line) => line.includes("sent more than it may") && line.includes(serverId))).toBe(
    true,
  );
  await platform.report(serverId, { kind: "quarantined", untilMs: Date.now() - 1 });
  expect(await quarantined()).toBeNull();
});

test("what a run used is in its view, as its bridge signed it, and null where nothing counted it", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const counted = await startedRun(platform, fixture);
  const { serverId, bridge, api } = fixture;
  const { taskId } = await startedRun(platform, fixture);
  await platform.relay.hasEntries(serverId, 4);
  const uncounted = { taskId, command: platform.relay.commandsOf(serverId).find((one) => one.taskId === taskId)! };
  const used = { cpuMs: 1501, peakMemory: 4096 };
  await platform.report(serverId, { kind: "result", ...(await bridge.finish(counted.command, used)) });
  await platform.report(serverId, { kind: "result", ...(await bridge.finish(uncounted.command)) });
  expect(await api.tasks.get.query({ taskId: counted.taskId })).toMatchObject(used);
  expect(await api.tasks.get.query({ taskId: uncounted.taskId })).toMatchObject({ cpuMs: null, peakMemory: null });
});
