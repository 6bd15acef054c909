import type { TaskDemand } from "@quarterdeck/core/actions/task-demand";
import type { ProjectId } from "@quarterdeck/core/ids";
import { commandSchema } from "@quarterdeck/core/protocol/command";
import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { newId, refusalOf, TestApi, type Fixture } from "./test-api.ts";

const mebibyte = 2 ** 20;
const exec = { action: "exec", params: { program: "echo", args: [] } };

function submit({ api, workspaceId }: Fixture, rest: { demand?: TaskDemand | null; projectId?: ProjectId } = {}) {
  return api.tasks.submit.mutate({ ...exec, taskId: newId("task"), workspaceId, projectId: null, ...rest });
}

const url = "https://example.com/qs.git";

test("a task says its demand, which is stored, signed, and in its view; what it leaves out is the action's", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const usual = await submit(fixture);
  const own = await submit(fixture, { demand: { cpu: 1500 } });
  expect([usual.demand, own.demand]).toEqual([null, { cpu: 1500 }]);
  await platform.relay.hasEntries(fixture.serverId, 4);
  const demands = platform.relay.commandsOf(fixture.serverId).map(({ taskId, demand }) => [taskId, demand]);
  expect(demands.slice(1)).toEqual([
    [usual.taskId, { cpu: 400, memory: 512 * mebibyte, runs: 1 }],
    [own.taskId, { cpu: 1500, memory: 512 * mebibyte, runs: 1 }],
  ]);
  const rows = await platform.api.database.db.all<{ demand: string | null }>(
    sql`select demand from tasks where action = 'exec' order by rowid`,
  );
  expect(rows.map(({ demand }) => demand)).toEqual([null, '{"cpu":1500}']);
});

test("a command that is signed anew, and a run that is repeated, ask for the same", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const { serverId, api } = fixture;
  const { runId, taskId } = await submit(fixture, { demand: { memory: 64 * mebibyte } });
  await platform.relay.hasEntries(serverId, 3);
  const response = await platform.internal("/relay/renewals", { serverId, runIds: [runId] });
  const { renewed } = (await response.json()) as { renewed: { signed: string }[] };
  expect(commandSchema.parse(JSON.parse(renewed[0]!.signed)).demand.memory).toBe(64 * mebibyte);
  const gone = { kind: "ended", verdict: "indeterminate", code: "BRIDGE_STATE_LOST", message: "Lost." } as const;
  await platform.report(serverId, { ...gone, runId });
  const { resolution } = await api.tasks.resolveOutcome.mutate({ taskId, outcome: "runAgain" });
  expect(await api.tasks.get.query({ taskId: resolution!.rerunTaskId! })).toMatchObject({
    demand: { memory: 64 * mebibyte },
  });
});

test("a demand that can never be met is refused at submission with the limit that it breaks, and leaves nothing behind", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const { api, workspaceId, serverId } = fixture;
  const { orgId } = await api.orgs.current.query();
  const { project } = await api.projects.createFromGit.mutate({ workspaceId, name: "qs", url });
  const { projectId } = project;
  const count = async () => (await api.tasks.list.query({})).tasks.length;
  const before = await count();
  const refused = async (message: string, rest: Parameters<typeof submit>[1] = {}) => {
    const refusal = await refusalOf(submit(fixture, rest));
    expect(refusal.code).toBe("QUOTA_EXCEEDED");
    expect(refusal.message).toContain(message);
  };
  const { name } = (await api.servers.get.query({ serverId })) as { name: string };
  await refused(`It asks for 3 cpu, and all that ${name} offers is 2 cpu.`, { demand: { cpu: 3000 } });
  await api.quotas.set.mutate({ nodeId: orgId, limits: { memory: 256 * mebibyte } });
  await refused("It asks for 512Mi of memory, and the limit of the organization is 256Mi of memory.");
  await api.quotas.set.mutate({ nodeId: workspaceId, limits: { cpu: 300 } });
  await refused("the limit of the workspace Shop is 0.3 cpu");
  await api.quotas.set.mutate({ nodeId: projectId, limits: { runs: 0 } });
  const little = { cpu: 100, memory: 64 * mebibyte };
  await refused("the limit of the project qs is 0 runs", { projectId, demand: little });
  await api.quotas.set.mutate({ nodeId: projectId, limits: { runs: null } });
  await api.quotas.setLifecycle.mutate({ projectId, state: "archived" });
  await refused('the project qs, whose state is "archived"', { projectId, demand: little });
  expect(await count()).toBe(before);
  expect((await submit(fixture, { demand: little })).state).toBe("queued");
  const clone = api.projects.createFromGit.mutate({ workspaceId, name: "other", url });
  expect((await refusalOf(clone)).message).toContain("the limit of the workspace Shop is 0.3 cpu");
  expect(await api.projects.list.query({ workspaceId })).toHaveLength(1);
});

test("a demand that is none, or for what reserves nothing, is refused; another demand under the same id is another task", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const { api, workspaceId } = fixture;
  for (const demand of [{ cpu: 0 }, { cpu: 0.5 }, { memory: -1 }, { memory: 2 ** 60 }, { runs: 2 } as TaskDemand]) {
    expect((await refusalOf(submit(fixture, { demand }))).code).toBe("BAD_REQUEST");
  }
  const { project } = await api.projects.createFromGit.mutate({ workspaceId, name: "qs", url });
  await platform.api.database.db.run(sql`update projects set state = 'ready'`);
  const read = { taskId: newId("task"), workspaceId, projectId: project.projectId, action: "git.status", params: {} };
  expect((await refusalOf(api.tasks.submit.mutate({ ...read, demand: { cpu: 100 } }))).message).toBe(
    "git.status reserves nothing, so it takes no demand. Leave it out.",
  );
  const wish = { ...exec, taskId: newId("task"), workspaceId, projectId: null, demand: { cpu: 100 } };
  const { runId } = await api.tasks.submit.mutate(wish);
  expect((await api.tasks.submit.mutate(wish)).runId).toBe(runId);
  expect((await refusalOf(api.tasks.submit.mutate({ ...wish, demand: { cpu: 101 } }))).code).toBe("CONFLICT");
});
