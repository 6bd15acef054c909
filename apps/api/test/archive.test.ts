import { expect, test } from "vitest";
import { capabilities } from "./fake-bridge.ts";
import { newId, refusalOf, TestApi } from "./test-api.ts";

test("members archive and restore projects, viewers do not", async () => {
  await using platform = await TestApi.start();
  const { api, client, workspaceId, serverId } = await platform.withWorkspace();
  const actions = [...capabilities.actions, "project.archive", "project.restore"];
  await platform.report(serverId, {
    kind: "online",
    epoch: 2,
    bootId: "b",
    capabilities: { ...capabilities, actions },
  });
  const url = "https://example.com/qs.git";
  const { project } = await api.projects.createFromGit.mutate({ workspaceId, name: "qs", url });
  const { orgId } = await client.api.orgs.current.query();
  const [member, viewer] = [await platform.memberOf(orgId, "member"), await platform.memberOf(orgId, "viewer")];
  const task = (action: string, params: Record<string, unknown>) => ({
    taskId: newId("task"),
    workspaceId,
    projectId: project.projectId,
    action,
    params: params as never,
  });
  const { runId } = await member.api.tasks.submit.mutate(task("project.archive", {}));
  const restore = { archive: runId, replaces: true };
  await member.api.tasks.submit.mutate(task("project.restore", restore));
  await platform.relay.until(() => platform.relay.commandsOf(serverId).length >= 4);
  expect(platform.relay.commandsOf(serverId).slice(-2)).toMatchObject([
    { action: "project.archive", effect: "idempotent", projectId: project.projectId, params: {} },
    { action: "project.restore", effect: "idempotent", projectId: project.projectId, params: restore },
  ]);
  for (const each of [task("project.archive", {}), task("project.restore", restore)])
    expect((await refusalOf(viewer.api.tasks.submit.mutate(each))).code).toBe("FORBIDDEN");
  const escaping = task("project.restore", { archive: "../../etc", replaces: true });
  expect((await refusalOf(member.api.tasks.submit.mutate(escaping))).code).toBe("BAD_REQUEST");
});
