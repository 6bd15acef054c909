import { afterAll, beforeAll, expect, test } from "vitest";
import { FakeServer } from "./fake-bridge.ts";
import { dialViewer, openViewer } from "./fake-viewer.ts";
import { eventually } from "./peer.ts";
import { id, orgId } from "./platform.ts";
import { RelayRuntime } from "./relay-runtime.ts";
import { sealedLike } from "./sealed-piece.ts";

let relay: RelayRuntime;
beforeAll(async () => {
  relay = await RelayRuntime.start({ isFaulty: true });
});
afterAll(() => relay.stop());

async function whileFull(act: () => Promise<void>): Promise<void> {
  const before = await relay.fillStorage(true);
  try {
    await act();
  } finally {
    expect(await relay.fillStorage(false)).toBeGreaterThan(before);
  }
}

test("[F8] commands for a full object are not taken, and are when there is room again", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const { command, ...text } = await relay.platform.command(server.serverId);
  const body = JSON.stringify({ entries: [{ kind: "command", position: 2, ...text }] });
  const post = () => relay.request(`/api/servers/${server.serverId}/outbox`, { method: "POST", body });
  await whileFull(async () => {
    const answer = await post();
    expect(answer.status).toBe(507);
    expect(await answer.json()).toMatchObject({ code: "DISK_FULL" });
  });
  expect((await relay.waiting(server.serverId, command.runId)).state).toBe("unknown");
  expect(await (await post()).json()).toEqual({ through: 2 });
  const connection = await server.connect();
  expect(await server.commands(connection)).toMatchObject([{ runId: command.runId, seq: 1 }]);
});

test("[F8] a result that a full object cannot store is not acknowledged, and is recorded once when it comes again", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const { peer, welcome } = await server.connect();
  const command = await server.submit();
  const result = { seq: 1, ...(await server.result(command)) };
  await whileFull(async () => {
    peer.send({ type: "results", epoch: welcome.epoch, items: [result] });
    expect(await peer.next("error")).toMatchObject({ code: "DISK_FULL" });
    expect(await peer.closed()).toMatchObject({ code: 1013 });
    expect(peer.frames.filter(({ type }) => type === "ack")).toEqual([]);
  });
  const again = await server.connect();
  expect(again.welcome.received.results).toBe(0);
  again.peer.send({ type: "results", epoch: again.welcome.epoch, items: [result] });
  expect(await again.peer.next("ack")).toMatchObject({ stream: "results", through: 1 });
  const results = () => relay.api.reports(server.serverId).filter((report) => report.kind === "result");
  await eventually(results, (all) => all.length > 0);
  expect(results()).toHaveLength(1);
});

test("[F8] a full object welcomes no bridge, whose epoch it could not remember, and does when there is room", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const before = await server.connect();
  before.peer.close();
  await before.peer.closed();
  await whileFull(async () => {
    const peer = server.dial();
    await peer.next("challenge");
    peer.send({ type: "hello", ...(await server.hello(peer.texts[0] ?? "")) });
    expect(await peer.closed()).toMatchObject({ code: 1013 });
    expect(peer.frames.map(({ type }) => type)).not.toContain("welcome");
  });
  expect((await server.connect()).welcome.epoch).toBe(before.welcome.epoch + 1);
});

test("[F8] a full object lets no viewer in whose ticket it could not mark as used; those that watch go on", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const { peer, welcome } = await server.connect();
  const runId = id("run");
  const watching = await openViewer(relay, server.serverId, { topics: [`output:${runId}`] });
  watching.send({ type: "watchOutput", runId, fromOffset: 0 });
  await peer.next("interest", (frame) => (frame["runs"] as unknown[]).length > 0);
  const ticket = await relay.platform.ticket(server.serverId, ["telemetry"]);
  await whileFull(async () => {
    const viewer = dialViewer(relay, server.serverId, { ticket });
    await viewer.closed();
    expect(viewer.frames.map(({ type }) => type)).not.toContain("authorized");
    const data = sealedLike(Buffer.from("hi"));
    peer.send({ type: "output", epoch: welcome.epoch, runId, offset: 0, data, isEnd: false });
    expect(await watching.next("output")).toMatchObject({ offset: 0, data });
  });
  await dialViewer(relay, server.serverId, { ticket }).next("authorized");
});

test("[F8] the alarm of a full object rings again", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const connection = await server.connect();
  relay.api.isUp = false;
  const command = await server.submit();
  await server.commands(connection);
  await server.finish(connection, command);
  await whileFull(async () => {
    expect(await relay.ring(server.serverId)).toBeGreaterThan(0);
  });
  relay.api.isUp = true;
  await eventually(
    () => relay.api.reports(server.serverId),
    (all) => all.some((report) => report.kind === "result"),
  );
});
