import { afterAll, beforeAll, expect, test } from "vitest";
import { FakeServer } from "./fake-bridge.ts";
import { eventually } from "./peer.ts";
import { id, orgId } from "./platform.ts";
import { RelayRuntime } from "./relay-runtime.ts";

let relay: RelayRuntime;
beforeAll(async () => {
  relay = await RelayRuntime.start();
});
afterAll(() => relay.stop());

test("the outbox takes an entry once and nothing beyond a gap", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const { command, ...text } = await relay.platform.command(server.serverId);
  const entry = { kind: "command", position: 2, ...text };
  expect(await relay.postOutbox(server.serverId, [{ ...entry, position: 3 }])).toBe(1);
  expect((await relay.waiting(server.serverId, command.runId)).state).toBe("unknown");
  expect(await relay.postOutbox(server.serverId, [entry])).toBe(2);
  expect(await relay.postOutbox(server.serverId, [entry])).toBe(2);
  expect(await relay.postOutbox(server.serverId, [entry, { ...entry, position: 3 }])).toBe(3);
  const connection = await server.connect();
  expect(await server.commands(connection)).toHaveLength(1);
  expect((await relay.waiting(server.serverId, command.runId)).state).toBe("dispatched");
});

test("a wrong service key, an unknown path and a malformed batch are refused [W1]", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const path = `/api/servers/${server.serverId}/outbox`;
  const body = JSON.stringify({ entries: [{ kind: "revoke", position: 2 }] });
  expect((await relay.request(path, { method: "POST", body }, "wrong-key")).status).toBe(401);
  expect((await fetch(new URL(path, relay.url), { method: "POST", body })).status).toBe(401);
  expect((await relay.request(path, { method: "POST", body: "{" })).status).toBe(400);
  expect((await relay.request(path, { method: "POST", body: '{"entries":[{"kind":"nonsense"}]}' })).status).toBe(400);
  expect((await relay.request("/api/servers/srv_wrong/outbox", { method: "POST", body })).status).toBe(404);
  expect((await relay.request("/api/anything")).status).toBe(404);
  expect((await relay.request("/")).status).toBe(404);
  expect((await relay.request(`/bridge/${server.serverId}`)).status).toBe(426);
  expect(await (await relay.request("/health")).json()).toEqual({ status: "ok", protocol: "1.2" });
});

test("[W2] a command that no platform key signed never reaches the bridge", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const connection = await server.connect();
  const forged = await relay.platform.command(server.serverId);
  const signed = forged.signed.replace("echo", "evil");
  await server.outbox({ kind: "command", signed, signature: forged.signature, sealed: null });
  const foreign = await relay.platform.command(id("server"));
  await server.outbox({ kind: "command", signed: foreign.signed, signature: foreign.signature, sealed: null });
  const good = await server.submit();
  expect((await server.commands(connection)).map((command) => command.runId)).toEqual([good.runId]);
  const ended = await eventually(
    () => relay.api.reports(server.serverId).filter((report) => report.kind === "ended"),
    (all) => all.length === 2,
  );
  expect(ended.map((report) => report.code)).toEqual(["SIGNATURE_INVALID", "COMMAND_WRONG_TARGET"]);
});

test("a cancelled run that waits is dropped and reported, one that runs gets the signed cancel", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const connection = await server.connect();
  const projectId = id("project");
  const running = await server.submit({ projectId });
  const waiting = await server.submit({ projectId });
  await server.commands(connection);
  await server.cancel(waiting.runId);
  await server.cancel(running.runId);
  const [cancel] = await server.commands(connection);
  expect(cancel).toMatchObject({ action: "task.cancel", params: { runId: running.runId }, seq: 2 });
  const ended = await eventually(
    () => relay.api.reports(server.serverId).find((report) => report.kind === "ended"),
    (report) => report !== undefined,
  );
  expect(ended).toMatchObject({ runId: waiting.runId, verdict: "cancelled" });
  await server.finish(connection, running);
  await server.cancel(running.runId);
  await server.cancel(waiting.runId);
  const next = await server.submit({ projectId });
  expect((await server.commands(connection)).map((command) => command.runId)).toEqual([next.runId]);
});

test("a cancel that comes before its run ends it as soon as it comes", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const { command, ...text } = await relay.platform.command(server.serverId);
  await server.cancel(command.runId);
  await server.outbox({ kind: "command", ...text });
  expect((await relay.waiting(server.serverId, command.runId)).state).toBe("ended");
});

test("a run too large for the server ends without being sent", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const tooLarge = await server.submit({ demand: { cpu: 64_000, memory: 1024, runs: 1 } });
  const good = await server.submit();
  const connection = await server.connect();
  expect((await server.commands(connection)).map((command) => command.runId)).toEqual([good.runId]);
  const ended = await eventually(
    () => relay.api.reports(server.serverId).find((report) => report.kind === "ended"),
    (report) => report !== undefined,
  );
  expect(ended).toMatchObject({ runId: tooLarge.runId, verdict: "refused", code: "QUOTA_EXCEEDED" });
});

test("a run that does not fit now says that it waits for capacity", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const connection = await server.connect();
  const big = { cpu: 2000, memory: 1024, runs: 1 };
  const first = await server.submit({ demand: big, projectId: id("project") });
  const second = await server.submit({ demand: big, projectId: id("project") });
  await server.commands(connection);
  const answer = await relay.waiting(server.serverId, second.runId);
  expect(answer).toMatchObject({ isOnline: true, state: "waiting", waiting: { reason: "capacity", position: 1 } });
  await server.finish(connection, first);
  expect((await server.commands(connection)).map((command) => command.runId)).toEqual([second.runId]);
});

test("a server that is offline keeps its runs waiting", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const command = await server.submit();
  expect(await relay.waiting(server.serverId, command.runId)).toMatchObject({ isOnline: false, state: "waiting" });
});

test("no more commands are on the way than the window allows, and all arrive", async () => {
  const server = await FakeServer.make(relay, { orgId });
  server.capabilities = { ...server.capabilities, capacity: { cpu: 1_000_000, memory: 1_000_000_000, runs: 1000 } };
  for (let batch = 0; batch < 2; batch++) {
    const made = await Promise.all(
      Array.from({ length: 100 }, () => relay.platform.command(server.serverId, { projectId: id("project") })),
    );
    await server.outbox(...made.map(({ command: _command, ...text }) => ({ kind: "command", ...text })));
  }
  const connection = await server.connect();
  const seen = await server.commands(connection, { isAcknowledged: false });
  expect(seen).toHaveLength(128);
  connection.peer.send({ type: "ack", epoch: connection.welcome.epoch, stream: "commands", through: 128 });
  while (seen.length < 200) seen.push(...(await server.commands(connection)));
  expect(seen.map((command) => command.seq)).toEqual(Array.from({ length: 200 }, (_, i) => i + 1));
});

test("commands of the largest size are split over frames", async () => {
  const server = await FakeServer.make(relay, { orgId });
  server.capabilities = { ...server.capabilities, capacity: { cpu: 1_000_000, memory: 1_000_000_000, runs: 1000 } };
  const params = { program: "echo", args: Array.from({ length: 7 }, () => '"'.repeat(4000)) };
  for (let i = 0; i < 6; i++) await server.submit({ projectId: id("project"), params });
  const connection = await server.connect();
  const seen = [];
  while (seen.length < 6) seen.push(...(await server.commands(connection)));
  expect(connection.peer.frames.filter((frame) => frame.type === "commands").length).toBeGreaterThan(1);
});

test("[F1] reports wait while the API is down and arrive once, in order", async () => {
  const server = await FakeServer.make(relay, { orgId });
  relay.api.isUp = false;
  const refusedBefore = relay.api.refusedRequests;
  const connection = await server.connect();
  const command = await server.submit();
  await server.commands(connection);
  await server.finish(connection, command);
  // The first try and two from the alarm.
  await eventually(
    () => relay.api.refusedRequests - refusedBefore,
    (count) => count >= 3,
  );
  relay.api.isUp = true;
  const reports = await eventually(
    () => relay.api.reports(server.serverId),
    (all) => all.length === 3,
  );
  expect(reports.map((report) => report.kind)).toEqual(["online", "dispatched", "result"]);
});

test("a result that is sent twice is acknowledged twice and reported once; a hole is refused", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const { peer, welcome } = await server.connect();
  const command = await server.submit();
  const result = { seq: 1, ...(await server.result(command)) };
  for (let i = 0; i < 2; i++) {
    peer.send({ type: "results", epoch: welcome.epoch, items: [result] });
    expect(await peer.next("ack")).toMatchObject({ stream: "results", through: 1 });
  }
  peer.send({ type: "results", epoch: welcome.epoch, items: [{ ...result, seq: 3 }] });
  expect(await peer.next("error")).toMatchObject({ code: "PROTOCOL_VIOLATION" });
  expect(await peer.closed()).toMatchObject({ code: 4400 });
  const reports = await eventually(
    () => relay.api.reports(server.serverId),
    (all) => all.some((report) => report.kind === "offline"),
  );
  expect(reports.filter((report) => report.kind === "result")).toHaveLength(1);
});

test("limits hold after the object was thrown out of memory, and a run that never fits ends with the limit it breaks", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const workspaceId = id("workspace");
  await server.outbox({
    kind: "limits",
    nodes: [
      { id: orgId, parentId: null, limits: {}, weight: 1 },
      { id: workspaceId, parentId: orgId, limits: { cpu: 500, disk: 10, memory: null }, weight: 1 },
    ],
  });
  const first = await server.submit({ workspaceId, projectId: id("project") });
  const second = await server.submit({ workspaceId, projectId: id("project") });
  const neighbour = await server.submit({ projectId: id("project") });
  const large = await server.submit({
    workspaceId,
    projectId: id("project"),
    demand: { cpu: 501, memory: 1, runs: 1 },
  });
  await relay.evict(server.serverId);
  const connection = await server.connect();
  const sent = (await server.commands(connection)).map((command) => command.runId);
  const waiting = sent.includes(first.runId) ? second : first;
  expect(sent.toSorted()).toEqual([waiting === first ? second.runId : first.runId, neighbour.runId].toSorted());
  await relay.evict(server.serverId);
  expect((await relay.waiting(server.serverId, waiting.runId)).waiting).toMatchObject({
    reason: "limit",
    nodeId: workspaceId,
    resource: "cpu",
  });
  const ended = await eventually(
    () => relay.api.reports(server.serverId).find((report) => report.kind === "ended"),
    (report) => report !== undefined,
  );
  expect(ended).toMatchObject({
    runId: large.runId,
    code: "QUOTA_EXCEEDED",
    message: "It asks for 501m cpu, and the limit of its workspace is 0.5 cpu. Ask for less, or have the limit raised.",
  });
  await server.outbox({ kind: "limits", nodes: [] });
  expect((await server.commands(connection)).map((command) => command.runId)).toEqual([waiting.runId]);
});
