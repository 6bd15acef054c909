import { expect, test } from "vitest";
import { sealedTail } from "./fake-bridge.ts";
import { newId, refusalOf, TestApi, type Fixture } from "./test-api.ts";

const url = "https://example.com/qs.git";
const repository = { branch: "main", head: { hash: "abc", about: sealedTail, committedAtMs: 1 } };

async function cloneCommand(platform: TestApi, { serverId }: Fixture, count = 3) {
  await platform.relay.hasEntries(serverId, count);
  return platform.relay.commandsOf(serverId).at(-1)!;
}

test("a project is cloned by a task, and becomes ready with its repository's state", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const { api, workspaceId, serverId, bridge } = fixture;
  const { project, task } = await api.projects.createFromGit.mutate({ workspaceId, name: "qs", url, branch: "main" });
  expect(project).toMatchObject({
    state: "cloning",
    cloneRunTaskId: task.taskId,
    repository: null,
    testCommand: { program: "npm", args: ["install-test"] },
  });
  const command = await cloneCommand(platform, fixture);
  expect(command).toMatchObject({
    action: "project.clone",
    projectId: project.projectId,
    params: { url, branch: "main" },
  });
  await platform.report(serverId, { kind: "result", ...(await bridge.finish(command, { repository })) });
  expect(await api.projects.get.query({ projectId: project.projectId })).toMatchObject({
    state: "ready",
    repository,
    cloneMessage: null,
  });

  const pull = { taskId: newId("task"), workspaceId, projectId: project.projectId, action: "git.pull", params: {} };
  await api.tasks.submit.mutate(pull);
  const pulled = { branch: "main", head: { ...repository.head, hash: "def" } };
  const pullCommand = await cloneCommand(platform, fixture, 4);
  await platform.report(serverId, { kind: "result", ...(await bridge.finish(pullCommand, { repository: pulled })) });
  expect((await api.projects.get.query({ projectId: project.projectId })).repository).toMatchObject({
    ...pulled,
    runId: pullCommand.runId,
  });
  expect((await api.workspaces.get.query({ workspaceId })).projectCount).toBe(1);
});

test("a clone that failed says why, refuses tasks, and can be tried again", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const { api, workspaceId, serverId, bridge } = fixture;
  const { project } = await api.projects.createFromGit.mutate({ workspaceId, name: "qs", url });
  const failure = {
    verdict: "failed",
    exitCode: 128,
    code: "GIT_FAILED",
    message: "The repository does not exist.",
  } as const;
  await platform.report(serverId, {
    kind: "result",
    ...(await bridge.finish(await cloneCommand(platform, fixture), failure)),
  });
  expect(await api.projects.get.query({ projectId: project.projectId })).toMatchObject({
    state: "cloneFailed",
    cloneMessage: failure.message,
  });
  const test = {
    taskId: newId("task"),
    workspaceId,
    projectId: project.projectId,
    action: "exec",
    params: { program: "npm", args: ["test"] },
  };
  expect((await refusalOf(api.tasks.submit.mutate(test))).code).toBe("CONFLICT");
  const retried = await Promise.all([
    api.projects.retryClone.mutate({ projectId: project.projectId }),
    api.projects.retryClone.mutate({ projectId: project.projectId }),
  ]);
  expect(retried[0].taskId).toBe(retried[1].taskId);
  await platform.report(serverId, {
    kind: "result",
    ...(await bridge.finish(await cloneCommand(platform, fixture, 4), { repository })),
  });
  expect(await api.projects.get.query({ projectId: project.projectId })).toMatchObject({
    state: "ready",
    cloneMessage: null,
  });
  expect((await refusalOf(api.projects.retryClone.mutate({ projectId: project.projectId }))).code).toBe("CONFLICT");
});

test.each([
  "http://example.com/qs.git",
  "file:///etc/passwd",
  "ext::sh -c id",
  "--upload-pack=touch x",
  "https://ada:secret@example.com/qs.git",
  "/etc",
  "",
  "not a url",
])("the address %j is refused before anything is made [S2]", async (address) => {
  await using platform = await TestApi.start();
  const { api, workspaceId } = await platform.withWorkspace();
  const refusal = await refusalOf(api.projects.createFromGit.mutate({ workspaceId, name: "qs", url: address }));
  expect(refusal.code).toBe("INVALID_GIT_URL");
  expect(await api.projects.list.query({ workspaceId })).toEqual([]);
});

test("http to this machine is for the embedded mode only [T6]", async () => {
  const loopback = "http://127.0.0.1:9418/qs.git";
  await using embedded = await TestApi.start();
  const here = await embedded.withWorkspace();
  await here.api.projects.createFromGit.mutate({ workspaceId: here.workspaceId, name: "qs", url: loopback });
  await using cloud = await TestApi.start({ QUARTERDECK_MODE: "cloud" });
  const there = await cloud.withWorkspace();
  const refusal = await refusalOf(
    there.api.projects.createFromGit.mutate({ workspaceId: there.workspaceId, name: "qs", url: loopback }),
  );
  expect(refusal.code).toBe("INVALID_GIT_URL");
});

test("names may be of any script and are refused with the reason where they are none", async () => {
  await using platform = await TestApi.start();
  const { api, serverId, workspaceId } = await platform.withWorkspace();
  for (const name of ["متجر", "магазин", "🦊🦊", "; rm -rf ~", "--help"]) {
    expect((await api.workspaces.create.mutate({ name, serverId })).name).toBe(name);
  }
  for (const name of ["", "   ", "x".repeat(10_000), "../x", "a\u202eb", "a\0b", "; rm -rf /"]) {
    const refusal = await refusalOf(api.workspaces.create.mutate({ name, serverId }));
    expect(refusal.code).toBe("INVALID_NAME");
    expect((await refusalOf(api.projects.createFromGit.mutate({ workspaceId, name, url }))).code).toBe("INVALID_NAME");
  }
});

test("of two workspaces, or projects, with one name the second is refused and leaves nothing", async () => {
  await using platform = await TestApi.start();
  const { api, serverId, workspaceId } = await platform.withWorkspace();
  expect((await refusalOf(api.workspaces.create.mutate({ name: "Shop", serverId }))).code).toBe("NAME_TAKEN");
  await api.projects.createFromGit.mutate({ workspaceId, name: "qs", url });
  expect((await refusalOf(api.projects.createFromGit.mutate({ workspaceId, name: "qs", url }))).code).toBe(
    "NAME_TAKEN",
  );
  expect(await api.workspaces.list.query()).toHaveLength(1);
  expect((await api.tasks.list.query({})).tasks).toHaveLength(1);
  await platform.relay.hasEntries(serverId, 3);
  const { rows } = await platform.api.database.client.execute("select outboxHead from servers");
  expect(rows[0]?.["outboxHead"]).toBe(3);
});

test("the test command of a project can be changed", async () => {
  await using platform = await TestApi.start();
  const { api, workspaceId } = await platform.withWorkspace();
  const { project } = await api.projects.createFromGit.mutate({ workspaceId, name: "qs", url });
  const changed = await api.projects.setTestCommand.mutate({
    projectId: project.projectId,
    program: "pytest",
    args: ["-q"],
  });
  expect(changed.testCommand).toEqual({ program: "pytest", args: ["-q"] });
});
