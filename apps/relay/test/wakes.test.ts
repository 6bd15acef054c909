import { encodeReadings } from "@quarterdeck/core/protocol/compact-readings";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { heartbeat, limits } from "@quarterdeck/core/protocol/limits";
import type { Sample } from "@quarterdeck/core/protocol/telemetry";
import { secondMs } from "@quarterdeck/core/units";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { FakeServer } from "./fake-bridge.ts";
import { openViewer } from "./fake-viewer.ts";
import type { InterestFrame } from "./output-source.ts";
import { eventually, type Peer } from "./peer.ts";
import { id, orgId } from "./platform.ts";
import { RelayRuntime } from "./relay-runtime.ts";
import { sealedLike } from "./sealed-piece.ts";

let relay: RelayRuntime;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "quarterdeck-relay-wakes-"));
  relay = await RelayRuntime.start({ persistFolder: folder, isInstrumented: true });
});
afterEach(() => relay.moveClock(0));
afterAll(async () => {
  await relay.stop();
  await rm(folder, { recursive: true });
});

const sample: Sample = {
  atMs: 1,
  cpu: 100,
  cpuCapacity: 2000,
  memoryUsed: 1,
  memoryTotal: 2,
  diskUsed: 1,
  diskTotal: 2,
  networkReceived: 0,
  networkSent: 0,
  load1: 0.5,
  runs: 0,
};

async function beat(peer: Peer): Promise<void> {
  const answered = peer.texts.filter((text) => text === heartbeat.pong).length;
  peer.send(heartbeat.ping);
  await peer.until(
    () => peer.texts.filter((text) => text === heartbeat.pong).length > answered,
    "the answer to a heartbeat",
  );
}

/** A connected server whose reports are delivered. */
async function idleServer() {
  const server = await FakeServer.make(relay, { orgId });
  const connection = await server.connect();
  await connection.peer.next("interest");
  await eventually(
    () => relay.isDelivered(server.serverId),
    (isDelivered) => isDelivered,
  );
  return { server, ...connection };
}

test("[F10] nothing wakes an unwatched idle object but its telemetry frame a minute and the one alarm", async () => {
  const { server, peer, welcome } = await idleServer();
  const before = await relay.wakes();
  const minutes = 10;
  for (let minute = 0; minute < minutes; minute++) {
    for (let passedMs = 0; passedMs < limits.telemetryUnwatchedMs; passedMs += welcome.heartbeatMs) await beat(peer);
    peer.send({ type: "telemetry", epoch: welcome.epoch, readings: encodeReadings([sample, sample]) });
    // It sleeps after each frame: nothing that it left behind keeps it in memory.
    await eventually(
      async () => ((await relay.wakes())["message"] ?? 0) - (before["message"] ?? 0),
      (frames) => frames === minute + 1,
    );
    await relay.evict(server.serverId);
  }
  const after = await relay.wakes();
  expect({ ...after, start: 0 }).toEqual({ ...before, message: (before["message"] ?? 0) + minutes, start: 0 });
  expect(relay.countAlarms()).toBe(1);
  // The alarm looks after the heartbeats, and lies as far ahead as the newest of them allows: once a minute or so.
  const nextMs = await relay.ring(server.serverId);
  expect(nextMs).toBeGreaterThan(Date.now() + limits.silenceMs - limits.heartbeatMs);
  expect(relay.countAlarms()).toBe(1);
  expect(relay.api.reports(server.serverId).map((report) => report.kind)).toEqual(["online"]);
});

test("[F10] a sample of an idle object writes no row, whether it is watched or not, and a start reads a handful", async () => {
  const { server, peer, welcome } = await idleServer();
  const message = async (frames: number) => (await relay.wakes())["message"] === frames;
  const telemetry = async () => {
    const seen = (await relay.wakes())["message"] ?? 0;
    peer.send({ type: "telemetry", epoch: welcome.epoch, readings: encodeReadings([sample, sample]) });
    await eventually(() => message(seen + 1), Boolean);
  };
  await relay.evict(server.serverId);
  const idle = await relay.rows();
  const minutes = 10;
  for (let minute = 0; minute < minutes; minute++) {
    await telemetry();
    await relay.evict(server.serverId);
  }
  const afterIdle = await relay.rows();
  await relay.ring(server.serverId);
  const afterRing = await relay.rows();
  const viewer = await openViewer(relay, server.serverId, { topics: ["telemetry"] });
  viewer.send({ type: "watchTelemetry" });
  await peer.next("interest", (interest) => interest["telemetry"] === true);
  const watched = await relay.rows();
  const samples = 20;
  for (let second = 0; second < samples; second++) await telemetry();
  const afterWatched = await relay.rows();
  console.info(
    `rows a minute: unwatched ${(afterIdle.read - idle.read) / minutes} read, ${(afterIdle.written - idle.written) / minutes} written; ` +
      `watched ${(60 * (afterWatched.read - watched.read)) / samples} read, ${(60 * (afterWatched.written - watched.written)) / samples} written; ` +
      `an alarm ${afterRing.read - afterIdle.read} read, ${afterRing.written - afterIdle.written} written; ` +
      `a viewer's coming ${watched.read - afterRing.read} read, ${watched.written - afterRing.written} written`,
  );
  expect(afterIdle.written - idle.written).toBe(0);
  expect((afterIdle.read - idle.read) / minutes).toBeLessThanOrEqual(10);
  // One: setting the next alarm.
  expect(afterRing.written - afterIdle.written).toBe(1);
  expect(afterWatched).toEqual(watched);
});

test("a command on its whole way costs a bounded number of rows", async () => {
  const { server, ...connection } = await idleServer();
  const before = await relay.rows();
  const commands = 10;
  for (let each = 0; each < commands; each++) {
    await server.submit();
    const [command] = await server.commands(connection);
    if (!command) throw new Error("no command came");
    await server.finish(connection, command);
    await eventually(() => relay.isDelivered(server.serverId), Boolean);
  }
  const after = await relay.rows();
  const written = (after.written - before.written) / commands;
  console.info(`rows a command: ${(after.read - before.read) / commands} read, ${written} written`);
  expect(written).toBeLessThanOrEqual(18);
});

test("[F6] a bridge that is silent for 75 s is dropped and reported offline, one that sends heartbeats is not", async () => {
  const { server, peer } = await idleServer();
  await beat(peer);
  await relay.moveClock(limits.silenceMs - 5 * secondMs);
  await relay.ring(server.serverId);
  await beat(peer);
  expect(await relay.waiting(server.serverId, "run_00000000000000000000000000")).toMatchObject({ isOnline: true });
  await relay.moveClock(limits.silenceMs + secondMs);
  await relay.ring(server.serverId);
  expect(await peer.next("error")).toMatchObject({ code: "SERVER_OFFLINE" });
  expect(await peer.closed()).toMatchObject({ code: 4408 });
  const offline = await eventually(
    () => relay.api.reports(server.serverId).filter((report) => report.kind === "offline"),
    (all) => all.length > 0,
  );
  expect(offline).toMatchObject([{ reason: "no heartbeat came" }]);
  await relay.moveClock(0);
  await server.connect();
});

test("an echo goes out at once, and waits for nothing to be gathered with: typing sets no timer", async () => {
  const { server, peer, welcome } = await idleServer();
  const { epoch } = welcome;
  const runId = id("run");
  const viewer = await openViewer(relay, server.serverId, { topics: [`input:${runId}`, `output:${runId}`] });
  await viewer.next("server");
  viewer.send({ type: "watchOutput", runId, fromOffset: 0 });
  await peer.next<InterestFrame>("interest", (frame) => frame.runs.length > 0);
  const { timer: before = 0 } = await relay.wakes();
  const data = sealedLike(Buffer.from("x"));
  for (let seq = 1; seq <= 20; seq++) {
    viewer.send({ type: "input", runId, writer: "me", seq, turn: "t".repeat(22), data, isEnd: false });
    await peer.next("input", (frame) => frame["seq"] === seq);
    peer.send({ type: "inputState", epoch, runId, writer: "me", through: seq, turn: null, code: null, message: null });
    peer.send({ type: "output", epoch, runId, offset: seq - 1, data, isEnd: false });
    await viewer.next("output", (frame) => frame["offset"] === seq - 1);
  }
  const { timer: after = 0 } = await relay.wakes();
  expect(after - before).toBe(0);
});
