import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { heartbeat, limits } from "@quarterdeck/core/protocol/limits";
import { minuteMs, secondMs } from "@quarterdeck/core/units";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { historySlots } from "../src/session/telemetry-history.ts";
import { playBridge, type ReadingsFrame } from "./bridge-telemetry.ts";
import { type Connection, FakeServer } from "./fake-bridge.ts";
import { FakePage } from "./fake-page.ts";
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

const minutes = 10;

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

interface Replay {
  /** So many frames go out before it is looked whether they were taken. */
  readonly atOnce: number;
  /** Returns how many frames of samples were taken since the beginning. */
  readonly taken: () => number | Promise<number>;
  readonly between: () => Promise<void>;
}

/** Sends what a bridge's own code sent. Returns what it cost, for each minute. */
async function replay({ peer, welcome }: Connection, frames: readonly ReadingsFrame[], options: Replay) {
  const { atOnce, taken, between } = options;
  const rows = await relay.rows();
  let samples = 0;
  for (const [sent, frame] of frames.entries()) {
    peer.send({ ...frame, epoch: welcome.epoch });
    if (frame.type === "history") {
      await peer.next("historyStored", ({ through }) => through === frame.through);
      await eventually(() => relay.isAnswered(), Boolean);
    } else samples++;
    if ((sent + 1) % atOnce > 0 && sent + 1 < frames.length) continue;
    await eventually(taken, (count) => count >= samples);
    await between();
  }
  const now = await relay.rows();
  return {
    messages: frames.length / minutes,
    history: (frames.length - samples) / minutes,
    read: (now.read - rows.read) / minutes,
    written: (now.written - rows.written) / minutes,
  };
}

/** Sends ten minutes of an unwatched bridge to an object that sleeps after each frame. */
async function replayUnwatched(connection: Connection, between: () => Promise<void>) {
  const frames = playBridge(minutes, { isWatched: false, folder });
  const before = (await relay.wakes())["message"] ?? 0;
  const isHistory = (count: number) => frames.slice(0, count).filter(({ type }) => type === "history").length;
  const taken = async () => {
    const messages = ((await relay.wakes())["message"] ?? 0) - before;
    return messages - isHistory(messages);
  };
  return await replay(connection, frames, { atOnce: 1, taken, between });
}

test("[F10] nothing wakes an unwatched idle object but the frame of its bridge a minute and the one alarm, and it waits only for the API to take a slot", async () => {
  const { server, peer, welcome } = await idleServer();
  const before = await relay.wakes();
  const toldBefore = relay.api.tellings;
  await replayUnwatched({ peer, welcome }, async () => {
    for (let passedMs = 0; passedMs < limits.telemetryUnwatchedMs; passedMs += welcome.heartbeatMs) await beat(peer);
    // It sleeps after each frame: nothing that it left behind keeps it in memory.
    await relay.evict(server.serverId);
  });
  const after = await relay.wakes();
  const tellings = relay.api.tellings - toldBefore;
  const timer = (before["timer"] ?? 0) + tellings;
  expect({ ...after, start: 0 }).toEqual({ ...before, message: (before["message"] ?? 0) + minutes, timer, start: 0 });
  // Once a slot; the first of all is told again, after the API said that it knows nothing.
  expect(tellings).toBeLessThanOrEqual((minutes * minuteMs) / limits.historySlotMs + 1);
  expect(relay.countAlarms()).toBe(1);
  // The alarm looks after the heartbeats, and lies as far ahead as the newest of them allows: once a minute or so.
  const nextMs = await relay.ring(server.serverId);
  expect(nextMs).toBeGreaterThan(Date.now() + limits.silenceMs - limits.heartbeatMs);
  expect(relay.countAlarms()).toBe(1);
  expect(relay.api.reports(server.serverId).map((report) => report.kind)).toEqual(["online"]);
});

test("[F10] ten minutes of a bridge write the rows of their history and no other, watched or not, and a start reads a handful", async () => {
  const { server, peer, welcome } = await idleServer();
  const connection = { peer, welcome };
  await relay.evict(server.serverId);
  const unwatched = await replayUnwatched(connection, () => relay.evict(server.serverId));
  const idle = await relay.rows();
  await relay.ring(server.serverId);
  const rung = await relay.rows();
  const page = new FakePage(await openViewer(relay, server.serverId, { topics: ["telemetry"] }));
  page.peer.send({ type: "watchTelemetry", historyMs: limits.telemetryHistoryMs });
  await peer.next("interest", (interest) => interest["telemetry"] === true);
  const come = await relay.rows();
  const messagesBefore = (await relay.wakes())["message"] ?? 0;
  const frames = playBridge(minutes, { isWatched: true, folder });
  // As seconds would: the page has answered a mark long before it is missed.
  const [shown, atOnce] = [page.samples, limits.framesPerCheckpoint];
  let aheadMs = 0;
  const watched = await replay(connection, frames, {
    atOnce,
    taken: () => page.samples - shown,
    between: () => relay.moveClock((aheadMs += atOnce * limits.sampleWatchedMs)),
  });
  const answers = ((await relay.wakes())["message"] ?? 0) - messagesBefore - frames.length;
  const [ring] = await relay.sql(server.serverId, "SELECT avg(length(body)) AS row FROM telemetry_history");
  const [alarm, viewer] = [
    { read: rung.read - idle.read, written: rung.written - idle.written },
    { read: come.read - rung.read, written: come.written - rung.written },
  ];
  const rowBytes = Math.round(Number(ring?.["row"]));
  console.info(`a minute, what the tables of docs/guide/operating.md are computed from:
    unwatched ${JSON.stringify(unwatched)}
    watched ${JSON.stringify({ ...watched, answers: answers / minutes })}
    an alarm ${JSON.stringify(alarm)}, a viewer's coming ${JSON.stringify(viewer)}
    a row of the history has ${rowBytes} bytes, a day ${Math.round((rowBytes * historySlots) / 1000)} kB`);
  const slotsAMinute = minuteMs / limits.historySlotMs;
  expect(unwatched).toMatchObject({ messages: 1, history: slotsAMinute, written: slotsAMinute });
  expect(watched).toMatchObject({ messages: 60 + slotsAMinute, history: slotsAMinute, written: slotsAMinute });
  expect(unwatched.read).toBeLessThanOrEqual(10);
  expect(watched.read).toBeLessThanOrEqual(1);
  // One: setting the next alarm.
  expect(alarm.written).toBe(1);
  expect(viewer.read).toBeLessThanOrEqual(30);
  expect(answers / minutes).toBeLessThanOrEqual(60 / limits.framesPerCheckpoint + slotsAMinute + 1);
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
  // Two of them keep what the run's org was charged, and one how long such runs take.
  expect(written).toBeLessThanOrEqual(20.1);
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
