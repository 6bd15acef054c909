import { decodeReadings, encodeReadings, type CompactReadings } from "@quarterdeck/core/protocol/compact-readings";
import { clearLength } from "@quarterdeck/core/protocol/content-format";
import { limits } from "@quarterdeck/core/protocol/limits";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Connection, FakeServer } from "./fake-bridge.ts";
import { FakePage } from "./fake-page.ts";
import { openViewer, type OutputFrame } from "./fake-viewer.ts";
import { dispatched, OutputSource, sample } from "./output-source.ts";
import { halfMinutely, readingAt, sendSpool } from "./past-readings.ts";
import { eventually, type Frame, type Peer } from "./peer.ts";
import { id, orgId } from "./platform.ts";
import { RelayRuntime } from "./relay-runtime.ts";

let relay: RelayRuntime;
beforeAll(async () => {
  relay = await RelayRuntime.start();
});
afterAll(() => relay.stop());

const timesIn = (frame: Frame) => decodeReadings(frame["readings"] as CompactReadings).map(({ atMs }) => atMs);

/** As often as the limit of frames allows at once, with a few to spare. */
const repetitions = 190;

/** Sends a sample to everybody and waits until the good pages have it. */
async function tick({ peer, welcome }: Connection, pages: readonly FakePage[], atMs: number): Promise<void> {
  const before = pages.map((page) => page.samples);
  peer.send({ type: "telemetry", epoch: welcome.epoch, readings: encodeReadings([{ ...sample, atMs }]) });
  await eventually(
    () => pages.every((page, i) => page.samples > (before[i] ?? 0)),
    (areThere) => areThere,
  );
}

/** Lets a viewer read again what waited for it, up to an answer that follows everything. */
async function readAll(viewer: Peer): Promise<void> {
  viewer.socket.resume();
  viewer.send({ type: "watchOutput", runId: id("run"), fromOffset: 0 });
  await viewer.next("error", (frame) => frame["code"] === "FORBIDDEN");
}

test("[F9] a viewer that reads nothing and asks for the same output again and again gets its share", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const { connection, runId } = await dispatched(server);
  const source = new OutputSource(connection, runId, Buffer.alloc(2 * limits.viewerBehindBytes, 7));
  const open = () => openViewer(relay, server.serverId, { topics: ["telemetry", `output:${runId}`] });
  const deaf = await open();
  const page = new FakePage(await open());
  page.peer.send({ type: "watchTelemetry" });
  await connection.peer.next("interest");
  deaf.socket.pause();
  const interests = () => connection.peer.frames.filter(({ type }) => type === "interest").length;
  for (let n = 0; n < repetitions; n++) {
    const before = interests();
    deaf.send({ type: "watchOutput", runId, fromOffset: 0 });
    await eventually(
      () => source.step(),
      () => interests() > before,
    );
    if (n % 10 === 0) await tick(connection, [page], n + 1);
  }
  await readAll(deaf);
  const output = deaf.frames.filter(({ type }) => type === "output") as OutputFrame[];
  const bytes = output.reduce((sum, { data }) => sum + clearLength(data), 0);
  expect(bytes).toBeGreaterThan(limits.outputChunkBytes);
  expect(bytes).toBeLessThanOrEqual(limits.viewerBehindBytes + limits.outputChunkBytes);
  // It reads from now on: everything comes.
  const reading = new FakePage(deaf);
  deaf.send({ type: "reached", number: deaf.frames.findLast(({ type }) => type === "checkpoint")?.["number"] });
  await eventually(
    () => source.step(),
    () => reading.hasEnded,
  );
  expect(reading.end).toBe(2 * limits.viewerBehindBytes);
});

test("[F9] a viewer that reads nothing and asks for a day of the past again and again gets a stretch of it", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const connection = await server.connect();
  const samples = halfMinutely(23);
  await sendSpool(connection, samples);
  const open = () => openViewer(relay, server.serverId, { topics: ["telemetry"] });
  const deaf = await open();
  const page = new FakePage(await open());
  page.peer.send({ type: "watchTelemetry" });
  await connection.peer.next("interest");
  deaf.socket.pause();
  for (let n = 0; n < repetitions; n++) {
    if (n % 2 > 0) deaf.send({ type: "unwatchTelemetry" });
    else deaf.send({ type: "watchTelemetry", historyMs: limits.telemetryHistoryMs });
    if (n % 10 === 0) await tick(connection, [page], n + 1);
  }
  // So it is with what the bridge sends late.
  const lateMs = Date.now() - limits.historySlotMs;
  for (let n = 0; n < 20; n++) await sendSpool(connection, [readingAt(lateMs + n)]);
  await readAll(deaf);
  const readings = deaf.frames.filter(({ type }) => type === "history").flatMap(timesIn);
  expect(readings.length).toBeGreaterThan(0);
  expect(readings.length).toBeLessThanOrEqual(2 * limits.historySamplesPerFrame);
  // It reads from now on: the day comes, and what was late.
  const seen = new Set<number>();
  deaf.frames.length = 0;
  deaf.socket.on("message", () => {
    for (const frame of deaf.frames.splice(0)) {
      if (frame.type === "checkpoint") deaf.send({ type: "reached", number: frame["number"] });
      if (frame.type === "history") for (const atMs of timesIn(frame)) seen.add(atMs);
    }
  });
  deaf.send({ type: "watchTelemetry", historyMs: limits.telemetryHistoryMs });
  deaf.send({ type: "reached", number: 1 });
  deaf.send({ type: "reached", number: 2 });
  await eventually(
    () => seen.has(lateMs + 19) && seen.has(samples.at(-1)?.atMs ?? 0),
    (isThere) => isThere,
  );
  expect(samples.filter(({ atMs }) => !seen.has(atMs)).length).toBeLessThanOrEqual(readings.length);
  for (const viewer of [deaf, page.peer]) viewer.close();
});
