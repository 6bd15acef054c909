import type { ServerId } from "@quarterdeck/core/ids";
import type { Command } from "@quarterdeck/core/protocol/command";
import type { NodeLimits } from "@quarterdeck/core/protocol/relay-api";
import { lifecycleStates } from "@quarterdeck/core/quota/lifecycle";
import { dayMs, gibibyte } from "@quarterdeck/core/units";
import { eq } from "drizzle-orm";
import { expect, test } from "vitest";
import { auditEntries, projects } from "../src/db/schema.ts";
import { capabilities } from "./fake-bridge.ts";
import { newId, refusalOf, TestApi } from "./test-api.ts";

const none = { cpu: null, memory: null, disk: null, bandwidth: null };
const url = "https://example.com/qs.git";
const able = { ...capabilities, actions: [...capabilities.actions, "workspace.limits"] };

async function start(platform: TestApi, { isAble = true } = {}) {
  const fixture = await platform.withWorkspace();
  const { api, serverId, workspaceId, bridge } = fixture;
  const { orgId } = await api.orgs.current.query();
  const { project } = await api.projects.createFromGit.mutate({ workspaceId, name: "qs", url });
  const { projectId } = project;
  await platform.report(serverId, {
    kind: "online",
    epoch: 2,
    bootId: "b",
    capabilities: isAble ? able : capabilities,
  });
  /** The command that was sent for a run or, where something else is asked for, the newest one. */
  const commandOf = async (isIt: (command: Command) => boolean): Promise<Command> => {
    await platform.relay.until(() => platform.relay.commandsOf(serverId).some(isIt));
    return platform.relay.commandsOf(serverId).findLast(isIt)!;
  };
  const submit = async (inProject: boolean, action = "exec") => {
    const params = action === "exec" ? { program: "echo", args: [] } : {};
    const task = { taskId: newId("task"), workspaceId, projectId: inProject ? projectId : null, action, params };
    await api.tasks.submit.mutate(task);
    return commandOf(({ taskId }) => taskId === task.taskId);
  };
  /** Has every run that was sent so far end. */
  const endAll = async () => {
    const sent = platform.relay.commandsOf(serverId);
    for (const command of sent) await platform.report(serverId, { kind: "result", ...(await bridge.finish(command)) });
  };
  const limiting = () => platform.relay.commandsOf(serverId).filter(({ action }) => action === "workspace.limits");
  return { ...fixture, orgId, projectId, submit, commandOf, endAll, limiting };
}

/** What the relay object of a server was told last. */
function toldLimits({ relay }: TestApi, serverId: ServerId): readonly NodeLimits[] {
  const entries = relay.entriesOf(serverId).filter((entry) => entry.kind === "limits");
  return entries.at(-1)?.nodes ?? [];
}

test("a command says what its workspace and project may have now, and how many processes without being told", async () => {
  await using platform = await TestApi.start();
  const { api, orgId, workspaceId, projectId, submit } = await start(platform);
  const unlimited = { workspace: { ...none, tasks: 4096 }, project: { ...none, tasks: 2048 } };
  expect((await submit(true)).quota).toEqual(unlimited);
  expect((await submit(false)).quota).toEqual({ ...unlimited, project: null });
  await api.quotas.set.mutate({ nodeId: orgId, limits: { cpu: 4000, memory: 8 * gibibyte } });
  await api.quotas.set.mutate({ nodeId: workspaceId, limits: { memory: 4 * gibibyte, disk: gibibyte } });
  await api.quotas.set.mutate({ nodeId: projectId, limits: { cpu: 1000, runs: 2 } });
  expect((await submit(true)).quota).toEqual({
    workspace: { cpu: 4000, memory: 4 * gibibyte, disk: gibibyte, bandwidth: null, tasks: 4096 },
    project: { ...none, cpu: 1000, tasks: 2048 },
  });
});

test("a limit of io is told to a bridge that knows it, and to no other, which would refuse what names it", async () => {
  await using platform = await TestApi.start();
  const { api, orgId, serverId, workspaceId, projectId, submit } = await start(platform);
  await api.quotas.set.mutate({ nodeId: orgId, limits: { io: 9_000_000 } });
  await api.quotas.set.mutate({ nodeId: projectId, limits: { io: 2_000_000 } });
  expect((await submit(true)).quota).toEqual({
    workspace: { ...none, tasks: 4096 },
    project: { ...none, tasks: 2048 },
  });
  const said = { ...capabilities, features: ["ioLimits", "limitEvidence"] };
  await platform.report(serverId, { kind: "online", epoch: 3, bootId: "b", capabilities: said });
  expect((await submit(true)).quota).toEqual({
    workspace: { ...none, io: 9_000_000, tasks: 4096 },
    project: { ...none, io: 2_000_000, tasks: 2048 },
  });
  const { wanted } = await api.quotas.evidence.query({ nodeId: workspaceId });
  expect(wanted?.io).toBe(9_000_000);
  // What the projects of a workspace are given is counted as for every other resource.
  await api.quotas.set.mutate({ nodeId: workspaceId, limits: { io: 3_000_000 } });
  const tooMuch = api.quotas.set.mutate({ nodeId: projectId, limits: { io: 3_000_001 } });
  expect((await refusalOf(tooMuch)).message).toContain("3000001 io");
  expect((await api.quotas.get.query({ nodeId: workspaceId })).given.io).toBe(2_000_000);
  // No relay schedules by it, and an older one would not know the name.
  expect(JSON.stringify(toldLimits(platform, serverId))).not.toContain('"io"');
});

test("a command that is signed anew says what holds now, and a cancel says nothing of limits", async () => {
  await using platform = await TestApi.start();
  const { api, serverId, workspaceId, submit } = await start(platform);
  const { runId, taskId } = await submit(false);
  await api.quotas.set.mutate({ nodeId: workspaceId, limits: { cpu: 500 } });
  const answer = await platform.internal("/relay/renewals", { serverId, runIds: [runId] });
  const { renewed } = (await answer.json()) as { renewed: { signed: string }[] };
  expect((JSON.parse(renewed[0]!.signed) as Command).quota?.workspace.cpu).toBe(500);
  await api.tasks.cancel.mutate({ taskId });
  await platform.relay.until(() => platform.relay.entriesOf(serverId).some(({ kind }) => kind === "cancel"));
  const cancel = platform.relay.entriesOf(serverId).find((entry) => entry.kind === "cancel")!;
  expect((JSON.parse(cancel.signed) as Command).quota).toBeNull();
});

test("the state of a project scales what the kernel and the relay hold it to, alike, also what it has from above", async () => {
  await using platform = await TestApi.start();
  const { api, serverId, workspaceId, projectId, submit } = await start(platform);
  await api.quotas.set.mutate({ nodeId: workspaceId, limits: { cpu: 3001, disk: gibibyte } });
  await api.quotas.set.mutate({ nodeId: projectId, limits: { memory: 7 } });
  await platform.api.database.db.update(projects).set({ state: "ready" });
  const seen: Record<string, unknown> = {};
  for (const state of lifecycleStates.toReversed()) {
    const view = await api.quotas.setLifecycle.mutate({ projectId, state });
    expect(view.lifecycle).toBe(state);
    const { quota } = await submit(true, "git.status"); // It reserves nothing, so that it is in no state too much.
    await platform.relay.until(() => toldLimits(platform, serverId).some(({ id }) => id === projectId));
    const effect = view.states.find((one) => one.state === state)!.limits;
    seen[state] = quota?.project;
    expect([effect.cpu ?? null, effect.memory]).toEqual([quota?.project?.cpu, quota?.project?.memory]);
  }
  expect(seen).toEqual({
    active: { ...none, memory: 7, tasks: 2048 },
    maintenance: { ...none, cpu: 1500, memory: 3, tasks: 1024 },
    suspended: { ...none, cpu: 300, memory: 1, tasks: 204 },
    archived: { ...none, cpu: 0, memory: 0, bandwidth: 0, tasks: 0 },
  });
  const { db } = platform.api.runtime;
  const told = platform.relay.entriesOf(serverId).flatMap((entry) => (entry.kind === "limits" ? [entry.nodes] : []));
  const ofProject = told.slice(-4).map((nodes) => nodes.find(({ id }) => id === projectId)?.limits);
  expect(ofProject.map((limits) => [limits?.cpu, limits?.memory, limits?.runs, limits?.disk])).toEqual([
    [0, 0, 0, null],
    [300, 1, null, null],
    [1500, 3, null, null],
    [null, 7, null, null],
  ]);
  const audit = await db.select().from(auditEntries).where(eq(auditEntries.action, "project.setLifecycle"));
  expect(audit).toHaveLength(4);
});

test("new limits are sent where runs go on or are on their way, in a command that outlives an absence", async () => {
  await using platform = await TestApi.start();
  const { api, orgId, workspaceId, projectId, commandOf, endAll, limiting, submit } = await start(platform);
  await commandOf(({ action }) => action === "project.clone");
  await api.quotas.set.mutate({ nodeId: projectId, limits: { cpu: 1000 } });
  const command = await commandOf(({ action }) => action === "workspace.limits");
  expect(command).toMatchObject({ workspaceId, projectId, priority: "urgent", demand: { cpu: 0, memory: 0, runs: 0 } });
  expect(command.quota?.project?.cpu).toBe(1000);
  expect(command.expiresAtMs - command.notBeforeMs).toBe(dayMs);
  await api.quotas.set.mutate({ nodeId: orgId, limits: { memory: gibibyte } });
  const ofOrg = await commandOf(({ action, projectId: of }) => action === "workspace.limits" && of === null);
  expect(ofOrg.quota).toMatchObject({ workspace: { memory: gibibyte }, project: null });
  expect(limiting()).toHaveLength(2);
  // What no kernel holds is not sent, nor what changes nothing there.
  await api.quotas.set.mutate({ nodeId: projectId, limits: { runs: 3 } });
  await api.quotas.set.mutate({ nodeId: orgId, limits: { cpu: 64_000 } });
  await commandOf(({ action, quota }) => action === "workspace.limits" && quota?.workspace.cpu === 64_000);
  expect(limiting()).toHaveLength(3);
  await endAll();
  await api.quotas.set.mutate({ nodeId: projectId, limits: { cpu: 500 } });
  expect((await submit(true)).quota?.project?.cpu).toBe(500);
  expect(limiting()).toHaveLength(3);
});

test("a bridge that does not know the action is not sent it, and gets the limits with its next command", async () => {
  await using platform = await TestApi.start();
  const { api, workspaceId, limiting, submit } = await start(platform, { isAble: false });
  await api.quotas.set.mutate({ nodeId: workspaceId, limits: { cpu: 1000 } });
  expect((await submit(false)).quota?.workspace.cpu).toBe(1000);
  expect(limiting()).toEqual([]);
});

test("nobody submits new limits as a task, and what a bridge says of them belongs to no task", async () => {
  await using platform = await TestApi.start();
  const { api, bridge, serverId, workspaceId, projectId, commandOf } = await start(platform);
  const task = { taskId: newId("task"), workspaceId, projectId: null, action: "workspace.limits", params: {} };
  expect((await refusalOf(api.tasks.submit.mutate(task))).code).toBe("COMMAND_UNSUPPORTED");
  await api.quotas.set.mutate({ nodeId: projectId, limits: { cpu: 1 } });
  const command = await commandOf(({ action }) => action === "workspace.limits");
  const before = (await api.tasks.list.query({})).tasks;
  const { runId } = command;
  const answer = await platform.report(
    serverId,
    { kind: "dispatched", runId },
    { kind: "result", ...(await bridge.finish(command)) },
    { kind: "ended", runId, verdict: "expired", code: "COMMAND_EXPIRED", message: "late" },
  );
  expect(answer.status).toBe(200);
  expect((await api.tasks.list.query({})).tasks).toEqual(before);
});

test("the newest change of a quota can be taken back, an older one not before it", async () => {
  await using platform = await TestApi.start();
  const { api, orgId, projectId } = await start(platform);
  await api.quotas.set.mutate({ nodeId: projectId, limits: { cpu: 1000, disk: 5 } });
  await api.quotas.setLifecycle.mutate({ projectId, state: "suspended" });
  const history = () => api.quotas.history.query({ nodeId: projectId });
  const [second, first] = await history();
  const undo = (historyId: number) => api.quotas.undo.mutate({ nodeId: projectId, historyId });
  expect(await refusalOf(undo(first!.historyId))).toMatchObject({ code: "CONFLICT" });
  expect(await undo(second!.historyId)).toMatchObject({ lifecycle: "active", limits: { cpu: 1000, disk: 5 } });
  expect(await undo(first!.historyId)).toMatchObject({ lifecycle: "active", limits: {} });
  expect((await history()).map(({ after }) => after.lifecycle)).toEqual(["active", "active", "suspended", "active"]);
  expect((await refusalOf(undo(999_999))).code).toBe("NOT_FOUND");
  // Of another node it is no change of this one.
  await api.quotas.set.mutate({ nodeId: orgId, limits: { cpu: 1 } });
  const [ofOrg] = await api.quotas.history.query({ nodeId: orgId });
  expect((await refusalOf(undo(ofOrg!.historyId))).code).toBe("NOT_FOUND");
});

test("taking back what no longer fits into the parent is refused", async () => {
  await using platform = await TestApi.start();
  const { api, workspaceId, projectId } = await start(platform);
  await api.quotas.set.mutate({ nodeId: projectId, limits: { cpu: 4000 } });
  await api.quotas.set.mutate({ nodeId: projectId, limits: { cpu: 1000 } });
  await api.quotas.set.mutate({ nodeId: workspaceId, limits: { cpu: 2000 } });
  const [newest] = await api.quotas.history.query({ nodeId: projectId });
  const undone = api.quotas.undo.mutate({ nodeId: projectId, historyId: newest!.historyId });
  expect((await refusalOf(undone)).code).toBe("QUOTA_EXCEEDED");
});

test("the view of a quota says what is above, what each state would leave, the plan, and who may change it", async () => {
  await using platform = await TestApi.start();
  const { api, orgId, workspaceId, projectId } = await start(platform);
  const org = await api.quotas.get.query({ nodeId: orgId });
  expect(org).toMatchObject({
    path: [],
    states: [],
    plan: { name: "enterprise", requestsPerMinute: 2000 },
    mayChange: true,
  });
  await api.quotas.set.mutate({ nodeId: projectId, limits: { cpu: 2000 } });
  const member = await platform.memberOf(orgId, "developer");
  const view = await member.api.quotas.get.query({ nodeId: projectId });
  expect(view).toMatchObject({ plan: null, mayChange: false });
  expect(view.path.map(({ nodeId }) => nodeId)).toEqual([orgId, workspaceId]);
  expect(view.states.map(({ state, limits }) => [state, limits.cpu])).toEqual([
    ["active", 2000],
    ["maintenance", 1000],
    ["suspended", 200],
    ["archived", 0],
  ]);
  const state = { projectId, state: "archived" } as const;
  expect((await refusalOf(member.api.quotas.setLifecycle.mutate(state))).code).toBe("FORBIDDEN");
  expect((await api.quotas.presets.query())[0]).toEqual({
    name: "starter",
    cpu: 1000,
    memory: 2 * gibibyte,
    disk: 10 * gibibyte,
    io: 50_000_000,
    runs: 10,
  });
});

test("a project's network is in its commands, with its repository's host for what fetches from it", async () => {
  await using platform = await TestApi.start();
  const { api, projectId, bridge, serverId, submit, commandOf } = await start(platform);
  const clone = await commandOf(({ action }) => action === "project.clone");
  expect(clone.network).toEqual({ mode: "all", hosts: [] });
  await platform.report(serverId, { kind: "result", ...(await bridge.finish(clone)) });
  const set = (mode: "none" | "allowList" | "all", hosts: string[]) =>
    api.projects.setNetwork.mutate({ projectId, network: { mode, hosts } });
  const allowed = await set("allowList", [" Packages.EXAMPLE.org "]);
  expect(allowed.network).toEqual({ mode: "allowList", hosts: ["packages.example.org"] });
  expect((await submit(true)).network).toEqual(allowed.network);
  expect((await submit(true, "git.pull")).network.hosts).toEqual(["example.com", "packages.example.org"]);
  expect((await submit(false)).network).toEqual({ mode: "all", hosts: [] });
  // Kept for whoever comes back to it, and in no command meanwhile.
  await set("none", ["packages.example.org"]);
  expect((await submit(true)).network).toEqual({ mode: "none", hosts: [] });
  expect((await submit(true, "git.pull")).network).toEqual({ mode: "allowList", hosts: ["example.com"] });
  const { db } = platform.api.runtime;
  const audit = await db.select().from(auditEntries).where(eq(auditEntries.action, "project.setNetwork"));
  expect(audit.map(({ detail }) => detail)).toEqual(["allowList: packages.example.org", "none"]);
});

test("a network that is none is refused, and who may not decide about it is told so [T6]", async () => {
  await using platform = await TestApi.start();
  const { api, orgId, projectId } = await start(platform);
  const set = (network: { mode: "none" | "allowList" | "all"; hosts: string[] }, by = api) =>
    refusalOf(by.projects.setNetwork.mutate({ projectId, network }));
  for (const host of [
    "127.0.0.1",
    "2130706433",
    "0x7f.1",
    "[::1]",
    "localhost",
    "a.internal",
    "*.org",
    "a b.org",
    "a.org:443",
  ])
    expect((await set({ mode: "allowList", hosts: [host] })).code).toBe("BAD_REQUEST");
  expect((await set({ mode: "allowList", hosts: [] })).code).toBe("BAD_REQUEST");
  expect((await set({ mode: "allowList", hosts: ["a.org", "A.org"] })).code).toBe("BAD_REQUEST");
  const member = await platform.memberOf(orgId, "developer");
  expect((await set({ mode: "all", hosts: [] }, member.api)).code).toBe("FORBIDDEN");
  expect((await api.projects.get.query({ projectId })).network).toEqual({ mode: "all", hosts: [] });
});
