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

test("a run goes to the bridge, its result to the API", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const connection = await server.connect();
  const command = await server.submit();
  const [received] = await server.commands(connection);
  expect(received).toMatchObject({ runId: command.runId, seq: 1 });
  await server.finish(connection, command);
  const reports = await eventually(
    () => relay.api.reports(server.serverId),
    (all) => all.length === 3,
  );
  expect(reports.map((report) => report.kind)).toEqual(["online", "dispatched", "result"]);
  expect(await relay.waiting(server.serverId, command.runId)).toEqual({
    isOnline: true,
    state: "ended",
    waiting: null,
  });
});

test("runs of one project go one after the other in their order, other projects do not wait", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const [a, b] = [id("project"), id("project")];
  const first = await server.submit({ projectId: a });
  const second = await server.submit({ projectId: a });
  const other = await server.submit({ projectId: b });
  const connection = await server.connect();
  const sent = await server.commands(connection);
  expect(sent.map((command) => command.runId).toSorted()).toEqual([first.runId, other.runId].toSorted());
  expect((await relay.waiting(server.serverId, second.runId)).waiting).toMatchObject({
    reason: "order",
    behind: first.runId,
    position: 1,
  });
  await server.finish(connection, first);
  expect((await server.commands(connection)).map((command) => command.runId)).toEqual([second.runId]);
});

test("[F8] a server whose disk is full gets no run until it has room again, and the platform hears of both", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const connection = await server.connect();
  const { peer, welcome } = connection;
  const reports = () =>
    relay.api
      .reports(server.serverId)
      .flatMap((report) => (report.kind === "online" ? [report.capabilities.blocked] : []));
  peer.send({ type: "condition", epoch: welcome.epoch, blocked: "DISK_FULL" });
  await eventually(reports, (all) => all.length === 2);
  const { runId } = await server.submit();
  expect(await relay.waiting(server.serverId, runId)).toMatchObject({
    state: "waiting",
    waiting: { reason: "blocked", code: "DISK_FULL" },
  });
  // It comes back with a full disk, and the object is another one.
  await relay.evict(server.serverId);
  server.capabilities = { ...server.capabilities, blocked: "DISK_FULL" };
  const again = await server.connect();
  expect(await relay.waiting(server.serverId, runId)).toMatchObject({ state: "waiting" });
  again.peer.send({ type: "condition", epoch: again.welcome.epoch, blocked: null });
  expect(await server.commands(again)).toMatchObject([{ runId }]);
  await eventually(reports, (all) => all.length === 4);
  expect(reports()).toEqual([undefined, "DISK_FULL", "DISK_FULL", undefined]);
});
