import { actionNames } from "@quarterdeck/core/actions/catalogue";
import type { RunId } from "@quarterdeck/core/ids";
import type { MadeArchive } from "@quarterdeck/core/protocol/archive-report";
import type { RunFinished } from "@quarterdeck/core/protocol/result";
import { eq, sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { archiveActions } from "../src/archives/archive-actions.ts";
import { nothingUnderWay } from "../src/archives/repo.ts";
import { auditEntries, events } from "../src/db/schema.ts";
import { capabilities } from "./fake-bridge.ts";
import { newId, refusalOf, TestApi } from "./test-api.ts";

const able = { ...capabilities, actions: [...actionNames] };
const made: MadeArchive = { sizeBytes: 1234, sha256: "a".repeat(64), projects: [] };

/** A workspace with two projects on a server that can do everything. */
async function start(platform: TestApi) {
  const fixture = await platform.withWorkspace();
  const { api, workspaceId, serverId, bridge } = fixture;
  await platform.report(serverId, { kind: "online", epoch: 2, bootId: "b", capabilities: able });
  const create = async (name: string) =>
    (await api.projects.createFromGit.mutate({ workspaceId, name, url: `https://example.com/${name}.git` })).project;
  const [{ projectId }, { projectId: otherId }] = [await create("qs"), await create("ms")];
  const command = async (runId: RunId) => {
    const find = () => platform.relay.commandsOf(serverId).find((one) => one.runId === runId);
    await platform.relay.until(() => find() !== undefined);
    return find()!;
  };
  /** Ends a run as its bridge would; later ones at later times. */
  let atMs = 2000;
  const end = async ({ runId }: { runId: RunId }, how: Partial<RunFinished> = {}) => {
    atMs += 1000;
    const result = await bridge.finish(await command(runId), { finishedAtMs: atMs, ...how });
    await platform.report(serverId, { kind: "result", ...result });
  };
  // What cloned them has ended.
  for (const { runId } of (await api.tasks.list.query({ workspaceId })).tasks) await end({ runId });
  const makeProject = async (kept: readonly RunId[] = []) => {
    const task = await api.archives.archiveProject.mutate({ projectId });
    await end(task, { archives: { made, kept: [task.runId, ...kept] } });
    return task;
  };
  const list = () => api.archives.ofProject.query({ projectId });
  return { ...fixture, projectId, otherId, command, end, makeProject, list };
}

test("an archive is a row when its run has ended: what, when, by whom, size and checksum", async () => {
  await using platform = await TestApi.start();
  const { api, projectId, command, end, list } = await start(platform);
  expect(await list()).toEqual({ keeps: 5, underWay: null, problem: null, archives: [] });
  const task = await api.archives.archiveProject.mutate({ projectId });
  expect(await command(task.runId)).toMatchObject({
    action: "project.archive",
    effect: "idempotent",
    projectId,
    params: { keeps: 5 },
  });
  expect(await list()).toMatchObject({ underWay: { taskId: task.taskId, action: "project.archive" }, archives: [] });
  const { db } = platform.api.database;
  const changes = async () => (await db.select().from(events).where(eq(events.subjectId, projectId))).length;
  const before = await changes();
  await end(task, { archives: { made, kept: [task.runId] } });
  expect(await changes()).toBe(before + 1); // Consoles are told that it is there.
  const archive = { archiveId: task.runId, taskId: task.taskId, madeBy: "ada@example.com", ...made };
  const expected = {
    ...archive,
    madeAtMs: expect.any(Number) as number,
    state: "kept",
    removal: null,
    removedAtMs: null,
  };
  expect(await list()).toEqual({ keeps: 5, underWay: null, problem: null, archives: [expected] });
  const entries = await db.select().from(auditEntries).where(eq(auditEntries.action, "project.archive"));
  expect(entries.map(({ subject, detail }) => [subject, detail])).toEqual([[projectId, task.taskId]]);
});

test("a workspace's archive names its projects, and is not among theirs", async () => {
  await using platform = await TestApi.start();
  const { api, workspaceId, projectId, command, end, list } = await start(platform);
  const task = await api.archives.archiveWorkspace.mutate({ workspaceId });
  expect(await command(task.runId)).toMatchObject({ action: "workspace.archive", projectId: null });
  const gone = newId("project");
  const parts = [projectId, gone].map((id) => ({ projectId: id, sizeBytes: 5, sha256: "b".repeat(64) }));
  await end(task, { archives: { made: { ...made, projects: parts }, kept: [task.runId] } });
  const { archives } = await api.archives.ofWorkspace.query({ workspaceId });
  expect(archives).toMatchObject([
    {
      archiveId: task.runId,
      projects: [
        { ...parts[0], name: "qs" },
        { ...parts[1], name: null },
      ],
    },
  ]);
  expect((await list()).archives).toEqual([]);
});

test("a run that made none leaves no row, whatever it says", async () => {
  await using platform = await TestApi.start();
  const { api, workspaceId, projectId, end, list } = await start(platform);
  const failing = await api.archives.archiveProject.mutate({ projectId });
  expect((await list()).problem).toBeNull();
  await end(failing, { verdict: "failed", message: "It changed.", archives: { made, kept: [failing.runId] } });
  const problem = { taskId: failing.taskId, action: "project.archive", message: "It changed." };
  expect(await list()).toMatchObject({ underWay: null, problem, archives: [] });
  expect((await api.archives.ofWorkspace.query({ workspaceId })).problem).toBeNull(); // It is the project's.
  const silent = await api.archives.archiveProject.mutate({ projectId });
  await end(silent);
  expect(await list()).toMatchObject({ problem: null, archives: [] });
});

test("what the server removed for newer ones is shown as that, and how many are kept goes with the next", async () => {
  await using platform = await TestApi.start();
  const { api, projectId, command, makeProject, list } = await start(platform);
  const [first, second] = [await makeProject(), await makeProject()];
  const third = await makeProject([second.runId]);
  expect((await list()).archives).toMatchObject([
    { archiveId: third.runId, state: "kept", removal: null },
    { archiveId: second.runId, state: "kept", removal: null },
    { archiveId: first.runId, state: "removed", removal: "retention", removedAtMs: 6000 },
  ]);
  await api.archives.setKeptOfProject.mutate({ projectId, keeps: 2 });
  expect((await list()).keeps).toBe(2);
  expect(await command((await makeProject()).runId)).toMatchObject({ params: { keeps: 2 } });
  for (const keeps of [0, 51, 1.5])
    expect((await refusalOf(api.archives.setKeptOfProject.mutate({ projectId, keeps }))).code).toBe("BAD_REQUEST");
});

test("deleting is a run, after which the row says that it was deleted; a failed one changes nothing", async () => {
  await using platform = await TestApi.start();
  const { api, projectId, command, end, makeProject, list } = await start(platform);
  const first = await makeProject();
  const second = await makeProject([first.runId]);
  const remove = { projectId, archiveId: first.runId };
  const failing = await api.archives.deleteOfProject.mutate(remove);
  expect((await list()).archives.map(({ state }) => state)).toEqual(["kept", "deleting"]);
  await end(failing, { verdict: "failed", code: "DISK_FULL" });
  expect((await list()).archives.map(({ state }) => state)).toEqual(["kept", "kept"]);
  const task = await api.archives.deleteOfProject.mutate(remove);
  expect(await command(task.runId)).toMatchObject({
    action: "project.deleteArchive",
    params: { archive: first.runId },
  });
  await end(task, { archives: { made: null, kept: [second.runId] } });
  expect((await list()).archives).toMatchObject([{ state: "kept" }, { state: "removed", removal: "deleted" }]);
  expect((await refusalOf(api.archives.deleteOfProject.mutate(remove))).code).toBe("CONFLICT");
  const restore = { ...remove, replaces: true };
  expect((await refusalOf(api.archives.restoreProject.mutate(restore))).code).toBe("CONFLICT");
  // Somebody removed the other by hand, and the server says so when it is asked to.
  const last = await makeProject([second.runId]);
  await end(await api.archives.deleteOfProject.mutate({ projectId, archiveId: last.runId }), {
    archives: { made: null, kept: [] },
  });
  expect((await list()).archives.map(({ removal }) => removal)).toEqual(["deleted", "missing", "deleted"]);
});

test("a restore asks for the archive by the run that made it, and only for what is its own", async () => {
  await using platform = await TestApi.start();
  const { api, workspaceId, projectId, otherId, command, end, makeProject } = await start(platform);
  const { runId: archiveId } = await makeProject();
  const task = await api.archives.restoreProject.mutate({ projectId, archiveId, replaces: false });
  expect(await command(task.runId)).toMatchObject({
    action: "project.restore",
    params: { archive: archiveId, replaces: false },
  });
  await end(task);
  const ofOther = api.archives.restoreProject.mutate({ projectId: otherId, archiveId, replaces: true });
  expect((await refusalOf(ofOther)).code).toBe("NOT_FOUND");
  const ofWorkspace = api.archives.restoreWorkspace.mutate({ workspaceId, archiveId, replaces: true });
  expect((await refusalOf(ofWorkspace)).code).toBe("NOT_FOUND");
});

test("one thing at a time is done with archives, and a workspace is restored while nothing runs in it", async () => {
  await using platform = await TestApi.start();
  const { api, workspaceId, projectId, otherId, end, makeProject } = await start(platform);
  await makeProject();
  const task = await api.archives.archiveWorkspace.mutate({ workspaceId });
  for (const call of [
    api.archives.archiveWorkspace.mutate({ workspaceId }),
    api.archives.archiveProject.mutate({ projectId }),
  ])
    expect((await refusalOf(call)).code).toBe("CONFLICT");
  await end(task, { archives: { made, kept: [task.runId] } });
  const ofProject = await api.archives.archiveProject.mutate({ projectId });
  const ofOther = await api.archives.archiveProject.mutate({ projectId: otherId });
  const archiveId = task.runId;
  const restore = () => api.archives.restoreWorkspace.mutate({ workspaceId, archiveId, replaces: true });
  expect((await refusalOf(restore())).code).toBe("CONFLICT");
  for (const one of [ofProject, ofOther]) await end(one, { archives: { made, kept: [one.runId] } });
  const params = { program: "echo", args: ["busy"] };
  const busy = { taskId: newId("task"), workspaceId, projectId, action: "exec", params };
  const running = await api.tasks.submit.mutate(busy);
  expect(await refusalOf(restore())).toMatchObject({
    code: "CONFLICT",
    message: expect.stringContaining("runs or waits") as string,
  });
  await end(running);
  const both = await Promise.allSettled([restore(), restore()]);
  expect(both.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
});

test("while a workspace is restored nothing starts in its folders, and what only reads goes on", async () => {
  await using platform = await TestApi.start();
  const { api, workspaceId, projectId, end } = await start(platform);
  const archived = await api.archives.archiveWorkspace.mutate({ workspaceId });
  await end(archived, { archives: { made, kept: [archived.runId] } });
  const params = { program: "echo", args: ["new"] };
  const exec = { taskId: newId("task"), workspaceId, projectId, action: "exec", params };
  const unknown = await api.tasks.submit.mutate({ ...exec, taskId: newId("task") });
  await end(unknown, { verdict: "indeterminate" });
  const restore = await api.archives.restoreWorkspace.mutate({
    workspaceId,
    archiveId: archived.runId,
    replaces: true,
  });
  for (const call of [
    api.tasks.submit.mutate(exec),
    api.tasks.submit.mutate({ ...exec, projectId: null }),
    api.tasks.resolveOutcome.mutate({ taskId: unknown.taskId, outcome: "runAgain" }),
  ])
    expect(await refusalOf(call)).toMatchObject({
      code: "CONFLICT",
      message: expect.stringContaining("being restored") as string,
    });
  const list = { taskId: newId("task"), workspaceId, projectId, action: "files.list", params: { path: "." } };
  expect(await api.tasks.submit.mutate(list)).toMatchObject({ state: "queued" });
  await end(restore);
  expect(await api.tasks.submit.mutate(exec)).toMatchObject({ state: "queued" });
});

test("members do it to projects and not to workspaces, viewers to neither, and all see what there is", async () => {
  await using platform = await TestApi.start();
  const { api, client, workspaceId, projectId, end, makeProject } = await start(platform);
  const { runId: archiveId } = await makeProject();
  const workspaceTask = await api.archives.archiveWorkspace.mutate({ workspaceId });
  await end(workspaceTask, { archives: { made, kept: [workspaceTask.runId] } });
  const { orgId } = await client.api.orgs.current.query();
  const [member, viewer] = [await platform.memberOf(orgId, "developer"), await platform.memberOf(orgId, "viewer")];
  for (const { api: theirs } of [member, viewer]) {
    expect((await theirs.archives.ofProject.query({ projectId })).archives).toHaveLength(1);
    expect((await theirs.archives.ofWorkspace.query({ workspaceId })).archives).toHaveLength(1);
    const ofWorkspace = { workspaceId, archiveId: workspaceTask.runId };
    for (const call of [
      theirs.archives.archiveWorkspace.mutate({ workspaceId }),
      theirs.archives.restoreWorkspace.mutate({ ...ofWorkspace, replaces: true }),
      theirs.archives.deleteOfWorkspace.mutate(ofWorkspace),
      theirs.archives.setKeptOfWorkspace.mutate({ workspaceId, keeps: 1 }),
      theirs.archives.setKeptOfProject.mutate({ projectId, keeps: 1 }),
    ])
      expect((await refusalOf(call)).code).toBe("FORBIDDEN");
  }
  for (const call of [
    viewer.api.archives.archiveProject.mutate({ projectId }),
    viewer.api.archives.restoreProject.mutate({ projectId, archiveId, replaces: true }),
    viewer.api.archives.deleteOfProject.mutate({ projectId, archiveId }),
  ])
    expect((await refusalOf(call)).code).toBe("FORBIDDEN");
  expect((await member.api.archives.deleteOfProject.mutate({ projectId, archiveId })).action).toBe(
    "project.deleteArchive",
  );
});

test("nothing of it goes past the procedures, and what a bridge cannot do is refused with a reason", async () => {
  await using platform = await TestApi.start();
  const { api, workspaceId, projectId, serverId } = await start(platform);
  const sent = platform.relay.commandsOf(serverId).length;
  const around = Object.values(archiveActions).flatMap((deeds) => Object.values(deeds));
  for (const action of around) {
    const task = { taskId: newId("task"), workspaceId, projectId, action, params: { keeps: 1 } };
    expect((await refusalOf(api.tasks.submit.mutate(task))).code).toBe("COMMAND_UNSUPPORTED");
  }
  await platform.report(serverId, { kind: "online", epoch: 3, bootId: "b", capabilities });
  for (const call of [
    api.archives.archiveProject.mutate({ projectId }),
    api.archives.archiveWorkspace.mutate({ workspaceId }),
  ])
    expect((await refusalOf(call)).code).toBe("COMMAND_UNSUPPORTED");
  expect(platform.relay.commandsOf(serverId)).toHaveLength(sent);
});

test("the index of what is under way has every action of archives, and serves the question", async () => {
  await using platform = await TestApi.start();
  const { db } = platform.api.database;
  const [{ text }] = (await db.all(sql`select sql as text from sqlite_master where name = 'tasks_archiving'`)) as [
    { text: string },
  ];
  for (const deeds of Object.values(archiveActions))
    for (const action of Object.values(deeds)) expect(text).toContain(action);
  const owner = { kind: "workspace", workspaceId: newId("workspace"), projectId: null } as const;
  const plan = await db.all<{ detail: string }>(sql`explain query plan select ${nothingUnderWay(owner)}`);
  expect(plan.map(({ detail }) => detail).join("\n")).toContain("tasks_archiving");
});
