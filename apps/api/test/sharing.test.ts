import { renewalAnswerSchema, type NodeLimits } from "@quarterdeck/core/protocol/relay-api";
import { decodeTicket, ticketSchema } from "@quarterdeck/core/protocol/ticket";
import { and, eq, sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { auditEntries, events, members, shares, tasks } from "../src/db/schema.ts";
import { insertTask } from "../src/tasks/new-task.ts";
import { keepHouse } from "../src/housekeeping.ts";
import { capabilities } from "./fake-bridge.ts";
import { newId, refusalOf, TestApi } from "./test-api.ts";

const limits = { cpu: 1000, memory: 2 ** 30, disk: 2 ** 33, runs: 2 };

/** A host with a server and a workspace of its own there, and a guest with a slice and a workspace in it. */
async function start() {
  const platform = await TestApi.start();
  const host = await platform.withWorkspace();
  const { serverId, bridge } = host;
  const guest = await platform.outsider();
  await platform.report(serverId, { kind: "online", epoch: 1, bootId: "boot", capabilities });
  const offer = await host.api.sharing.offer.mutate({ serverId, label: "Hall", limits, weight: 3 });
  const accept = () => guest.api.sharing.accept.mutate({ code: offer.code, name: "Their box" });
  const workspace = async (name = "Secret plans") => guest.api.workspaces.create.mutate({ name, serverId });
  const wish = (workspaceId: Awaited<ReturnType<typeof workspace>>["workspaceId"]) => ({
    taskId: newId("task"),
    workspaceId,
    projectId: null,
    action: "exec",
    params: { program: "echo", args: ["x"] },
  });
  const commandOf = async (runId: string) => {
    const find = () => platform.relay.commandsOf(serverId).find((command) => command.runId === runId);
    await platform.relay.until(() => find() !== undefined);
    const command = find();
    if (!command) throw new Error("no command");
    return command;
  };
  const told = async (isWanted: (nodes: readonly NodeLimits[]) => boolean) => {
    const newest = () => platform.relay.entriesOf(serverId).findLast((entry) => entry.kind === "limits")?.nodes ?? [];
    await platform.relay.until(() => isWanted(newest()));
    return newest();
  };
  const { orgId: guestOrgId } = await guest.api.orgs.current.query();
  const { orgId: hostOrgId } = await host.api.orgs.current.query();
  return {
    platform,
    host,
    guest,
    serverId,
    bridge,
    offer,
    accept,
    workspace,
    wish,
    commandOf,
    told,
    guestOrgId,
    hostOrgId,
  };
}

test("a code shows what it offers and nothing else, works once, not for its own org, and tells a stranger nothing [T9]", async () => {
  const { platform, host, guest, serverId, offer, accept } = await start();
  await using _ = platform;
  const { code } = offer;
  expect(await guest.api.sharing.readOffer.mutate({ code })).toEqual({
    hostOrgName: (await host.api.orgs.current.query()).name,
    label: "Hall",
    limits,
    weight: 3,
    expiresAtMs: offer.expiresAtMs,
  });
  const own = host.api.sharing.accept.mutate({ code, name: "Mine" });
  expect(await refusalOf(own)).toMatchObject({ code: "CONFLICT", message: expect.stringContaining("your own") });
  expect(await refusalOf(guest.api.workspaces.create.mutate({ name: "Early", serverId }))).toMatchObject({
    code: "NOT_FOUND",
  });
  expect(await accept()).toMatchObject({ serverId, name: "Their box", state: "accepted", status: "online", limits });
  const stranger = await platform.outsider();
  for (const used of [code, "qd_share_wrong"]) {
    const refused = await refusalOf(stranger.api.sharing.accept.mutate({ code: used, name: "x" }));
    expect(refused).toMatchObject({ code: "TOKEN_INVALID", message: expect.stringContaining("opens no offer") });
  }
  expect(await refusalOf(stranger.api.workspaces.create.mutate({ name: "x", serverId }))).toMatchObject({
    code: "NOT_FOUND",
  });
  expect(await refusalOf(guest.api.sharing.given.query({ serverId }))).toMatchObject({ code: "NOT_FOUND" });
  const foreign = guest.api.sharing.withdraw.mutate({ shareId: offer.shareId, cancelsRuns: true });
  expect(await refusalOf(foreign)).toMatchObject({ code: "NOT_FOUND" });
  const viewer = await platform.memberOf((await guest.api.orgs.current.query()).orgId, "viewer");
  const weak = viewer.api.sharing.accept.mutate({ code, name: "x" });
  expect(await refusalOf(weak)).toMatchObject({ code: "FORBIDDEN" });
});

test("a guest reaches its slice, and of the machine neither its name, its telemetry, its alerts nor its settings [T9]", async () => {
  const { platform, host, guest, serverId, accept, workspace, wish } = await start();
  await using _ = platform;
  await accept();
  const made = await workspace();
  expect(made.serverName).toBe("Their box");
  const task = await guest.api.tasks.submit.mutate(wish(made.workspaceId));
  expect(task).toMatchObject({ serverName: "Their box", state: "queued" });
  const { servers, updates, sharing } = guest.api;
  const refusals = await Promise.all(
    [
      servers.get.query({ serverId }),
      servers.rename.mutate({ serverId, name: "Stolen" }),
      servers.cordon.mutate({ serverId }),
      servers.drain.mutate({ serverId, cancelsRuns: true }),
      servers.revoke.mutate({ serverId, confirmName: "box" }),
      servers.setLabels.mutate({ serverId, labels: ["x"] }),
      servers.limitFindings.query({ serverId }),
      updates.updateServer.mutate({ serverId }),
      sharing.offer.mutate({ serverId, label: "On", limits, weight: 1 }),
      guest.api.telemetry.history.query({ nodeId: serverId, span: "day" }),
      guest.api.workspaces.get.query({ workspaceId: host.workspaceId }),
    ].map((call) => refusalOf(call)),
  );
  for (const refusal of refusals) expect(refusal).toMatchObject({ code: "NOT_FOUND" });
  expect(await servers.list.query()).toEqual([]);
  const whole = servers.viewerTicket.mutate({ serverId, telemetry: true, runIds: [] });
  expect(await refusalOf(whole)).toMatchObject({ code: "FORBIDDEN" });
  const foreign = servers.viewerTicket.mutate({
    serverId,
    telemetry: false,
    workspaceIds: [host.workspaceId],
    runIds: [],
  });
  expect(await refusalOf(foreign)).toMatchObject({ code: "NOT_FOUND" });
  const own = { serverId, telemetry: false, workspaceIds: [made.workspaceId], runIds: [task.runId] };
  const decoded = decodeTicket((await servers.viewerTicket.mutate(own)).ticket);
  if (!decoded.ok) throw new Error(decoded.error.message);
  expect(ticketSchema.parse(JSON.parse(decoded.value.signed))).toMatchObject({ isGuest: true });
  const tooMuch = { ...wish(made.workspaceId), demand: { cpu: 1500 } };
  expect(await refusalOf(guest.api.tasks.submit.mutate(tooMuch))).toMatchObject({
    code: "QUOTA_EXCEEDED",
    message: expect.stringContaining("Their box"),
  });
  const seen = JSON.stringify([
    await sharing.received.query(),
    await guest.api.workspaces.list.query(),
    await guest.api.tasks.list.query({ serverId, limit: 10 }),
  ]);
  for (const fact of ['"box"', capabilities.host.os, capabilities.host.kernel, host.workspaceId])
    expect(seen).not.toContain(fact);
});

test("the host sees how much a slice uses, and of what is in it no name, no task, no output and no key [T9]", async () => {
  const { platform, host, guest, serverId, accept, workspace, wish, offer } = await start();
  await using _ = platform;
  await accept();
  const { workspaceId } = await workspace();
  const { taskId, runId } = await guest.api.tasks.submit.mutate(wish(workspaceId));
  await platform.report(serverId, { kind: "dispatched", runId });
  const given = await host.api.sharing.given.query({ serverId });
  expect(given).toMatchObject([{ shareId: offer.shareId, usage: { runs: 1, waitingRuns: 1 } }]);
  expect(given[0]?.usage.cpu).toBeGreaterThan(0);
  const seen = JSON.stringify([
    given,
    await host.api.servers.get.query({ serverId }),
    await host.api.workspaces.list.query(),
    await host.api.tasks.list.query({ serverId, limit: 10 }),
  ]);
  for (const fact of ["Secret plans", workspaceId, taskId, runId, "Their box"]) expect(seen).not.toContain(fact);
  const { servers, tasks: hostTasks, telemetry } = host.api;
  const refusals = await Promise.all(
    [
      hostTasks.get.query({ taskId }),
      hostTasks.cancel.mutate({ taskId }),
      telemetry.history.query({ nodeId: workspaceId, span: "day" }),
      servers.viewerTicket.mutate({ serverId, telemetry: false, runIds: [runId] }),
      servers.viewerTicket.mutate({ serverId, telemetry: false, workspaceIds: [workspaceId], runIds: [] }),
    ].map((call) => refusalOf(call)),
  );
  for (const refusal of refusals) expect(refusal).toMatchObject({ code: "NOT_FOUND" });
});

test("scheduler and kernel are told the slice: the guest's org below the server, and each command with no more [T9]", async () => {
  const { platform, host, guest, accept, workspace, wish, commandOf, told, guestOrgId, hostOrgId, offer } =
    await start();
  await using _ = platform;
  await accept();
  const { workspaceId } = await workspace();
  const orgNodes = (nodes: readonly NodeLimits[]) => nodes.filter(({ parentId }) => parentId === null);
  const nodes = await told((list) => orgNodes(list).length === 2);
  expect(nodes.find(({ id }) => id === guestOrgId)).toMatchObject({
    weight: 3,
    limits: { cpu: 1000, runs: 2, disk: 2 ** 33 },
  });
  expect(nodes.find(({ id }) => id === hostOrgId)).toMatchObject({ weight: 1, limits: { cpu: null } });
  const { runId } = await guest.api.tasks.submit.mutate(wish(workspaceId));
  expect((await commandOf(runId)).quota?.workspace).toMatchObject({ cpu: 1000, memory: 2 ** 30, disk: 2 ** 33 });
  // The guest's own limit is the smaller one, and the host's own runs have none of it.
  await guest.api.quotas.set.mutate({ nodeId: guestOrgId, limits: { cpu: 500 } });
  await told((list) => list.find(({ id }) => id === guestOrgId)?.limits.cpu === 500);
  const own = await host.api.tasks.submit.mutate(wish(host.workspaceId));
  expect((await commandOf(own.runId)).quota?.workspace).toMatchObject({ cpu: null });
  const { shareId } = offer;
  const changed = await host.api.sharing.change.mutate({ shareId, limits: { ...limits, cpu: 300 }, weight: 7 });
  expect(changed).toMatchObject({ weight: 7, limits: { cpu: 300 } });
  const after = await told((list) => list.find(({ id }) => id === guestOrgId)?.weight === 7);
  expect(after.find(({ id }) => id === guestOrgId)?.limits).toMatchObject({ cpu: 300 });
  expect(after.find(({ id }) => id === workspaceId)).toMatchObject({ parentId: guestOrgId });
});

test("what a shared server's bridge says of a guest's run and limits is the guest's [T9]", async () => {
  const { platform, host, guest, serverId, bridge, accept, workspace, wish, commandOf } = await start();
  await using _ = platform;
  await accept();
  const { workspaceId } = await workspace();
  const { taskId, runId } = await guest.api.tasks.submit.mutate(wish(workspaceId));
  const command = await commandOf(runId);
  const forbidden = {
    verdict: "refused",
    code: "POLICY_FORBIDS",
    message: "/etc/policy.toml line 7 forbids it",
  } as const;
  await platform.report(serverId, { kind: "result", ...(await bridge.finish(command, forbidden)) });
  const ended = await guest.api.tasks.get.query({ taskId });
  expect(ended).toMatchObject({ state: "ended", verdict: "refused", code: "POLICY_FORBIDS" });
  expect(ended.message).not.toContain("policy.toml");
  const { orgId: hostOrgId } = await host.api.orgs.current.query();
  const item = { node: workspaceId, resource: "cpu", wanted: 1000, actual: 2000, state: "mismatch" } as const;
  const items = [{ ...item, source: "cpu.max", atMs: Date.now() }];
  const evidence = await bridge.evidence({ serverId, orgId: hostOrgId, saidAtMs: Date.now(), items });
  await platform.report(serverId, { kind: "evidence", ...evidence });
  expect(await guest.api.quotas.evidence.query({ nodeId: workspaceId })).toMatchObject({ items: [{ actual: 2000 }] });
  expect(await host.api.servers.limitFindings.query({ serverId })).toEqual([]);
  const entries = await platform.api.runtime.db.select().from(auditEntries);
  const { orgId } = await host.api.orgs.current.query();
  const hosts = entries.filter((entry) => entry.orgId === orgId);
  expect(hosts.some(({ subject }) => subject === taskId || subject === runId)).toBe(false);
});

test("a slice that was taken back takes nothing new, is signed nothing, and what waits ends: checked at each step [T3] [T9]", async () => {
  const { platform, host, guest, serverId, offer, accept, workspace, wish, commandOf } = await start();
  await using _ = platform;
  await accept();
  const { workspaceId } = await workspace();
  const running = await guest.api.tasks.submit.mutate(wish(workspaceId));
  await commandOf(running.runId);
  await platform.report(serverId, { kind: "dispatched", runId: running.runId });
  const waiting = await guest.api.tasks.submit.mutate(wish(workspaceId));
  const { shareId } = offer;
  expect(await host.api.sharing.withdraw.mutate({ shareId, cancelsRuns: false })).toMatchObject({ state: "withdrawn" });
  const refused = { code: "SHARE_WITHDRAWN", message: expect.stringContaining("took back the share") };
  const url = "https://example.com/x.git";
  const refusals = await Promise.all(
    [
      guest.api.tasks.submit.mutate(wish(workspaceId)),
      guest.api.tasks.submit.mutate({ ...wish(workspaceId), action: "files.list", params: { path: "" } }),
      guest.api.workspaces.create.mutate({ name: "Another", serverId }),
      guest.api.workspaces.freeze.mutate({ workspaceId }),
      guest.api.projects.createFromGit.mutate({ workspaceId, name: "x", url }),
      guest.api.servers.viewerTicket.mutate({ serverId, telemetry: false, runIds: [running.runId] }),
    ].map((call) => refusalOf(call)),
  );
  for (const refusal of refusals) expect(refusal).toMatchObject(refused);
  expect(await guest.api.tasks.get.query({ taskId: waiting.taskId })).toMatchObject({ isCancelling: true });
  expect(await guest.api.tasks.get.query({ taskId: running.taskId })).toMatchObject({ isCancelling: false });
  await platform.relay.until(() => platform.relay.entriesOf(serverId).some(({ kind }) => kind === "revokeViewers"));
  const answer = await platform.internal("/relay/renewals", { serverId, runIds: [running.runId] });
  expect(renewalAnswerSchema.parse(await answer.json())).toMatchObject({
    renewed: [],
    refused: [{ code: "SHARE_WITHDRAWN" }],
  });
  expect(await guest.api.sharing.received.query()).toMatchObject([{ state: "withdrawn", isUsable: false }]);
  // The host goes on.
  await host.api.tasks.submit.mutate(wish(host.workspaceId));
  expect(await refusalOf(host.api.sharing.change.mutate({ shareId, limits, weight: 1 }))).toMatchObject({
    code: "CONFLICT",
  });
  // Another slice opens what is there again.
  const again = await host.api.sharing.offer.mutate({ serverId, label: "Hall", limits, weight: 1 });
  await guest.api.sharing.accept.mutate({ code: again.code, name: "Their box again" });
  expect(await guest.api.tasks.submit.mutate(wish(workspaceId))).toMatchObject({ serverName: "Their box again" });
});

test("a submission that met the withdrawal on its way writes nothing, and what a crash left waiting is ended later [T3] [T9]", async () => {
  const { platform, guest, serverId, offer, accept, workspace, wish } = await start();
  await using _ = platform;
  await accept();
  const { workspaceId } = await workspace();
  const { taskId } = await guest.api.tasks.submit.mutate(wish(workspaceId));
  const { db, writer } = platform.api.runtime;
  const [row] = await db.select().from(tasks).where(eq(tasks.taskId, taskId));
  if (row === undefined) throw new Error("no task");
  await writer.commit([
    sql`update ${shares} set state = 'withdrawn', "withdrawnAtMs" = 1 where ${eq(shares.shareId, offer.shareId)}`,
  ]);
  const late = { ...row, taskId: newId("task") };
  const [written] = await writer.commit([insertTask({ orgId: row.orgId }, late, null)]);
  expect(written?.rowsChanged).toBe(0);
  expect(await guest.api.tasks.get.query({ taskId })).toMatchObject({ isCancelling: false });
  await keepHouse(platform.api.runtime);
  expect(await guest.api.tasks.get.query({ taskId })).toMatchObject({ isCancelling: true });
  expect(serverId).toBe(row.serverId);
});

test("a guest is told when the server goes and comes, and whoever is none is not [T9]", async () => {
  const { platform, guest, serverId, accept, guestOrgId } = await start();
  await using _ = platform;
  await accept();
  const stranger = await platform.outsider();
  const { orgId: strangerOrgId } = await stranger.api.orgs.current.query();
  const told = (orgId: typeof guestOrgId) =>
    platform.api.runtime.db.$count(events, and(eq(events.orgId, orgId), eq(events.kind, "server")));
  const before = await told(guestOrgId);
  await platform.report(serverId, { kind: "offline", reason: "cut" });
  expect(await told(guestOrgId)).toBe(before + 1);
  expect(await told(strangerOrgId)).toBe(0);
  expect(await guest.api.sharing.received.query()).toMatchObject([{ status: "offline" }]);
});

test("a member of the guest that loses a right is told to the shared server too [T9]", async () => {
  const { platform, guest, serverId, accept, guestOrgId } = await start();
  await using _ = platform;
  await accept();
  const member = await platform.memberOf(guestOrgId, "developer");
  await member.api.servers.list.query();
  const isJoined = and(eq(members.orgId, guestOrgId), eq(members.role, "developer"));
  const [joined] = await platform.api.runtime.db.select().from(members).where(isJoined);
  if (joined === undefined) throw new Error("no member");
  const { userId } = joined;
  await guest.api.members.remove.mutate({ userId });
  const revoked = () => platform.relay.entriesOf(serverId).findLast((entry) => entry.kind === "revokeViewers");
  await platform.relay.until(() => revoked() !== undefined);
  expect(revoked()).toMatchObject({ userId });
});
