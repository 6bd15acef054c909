import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeReadings, encodeReadings, type CompactReadings } from "@quarterdeck/core/protocol/compact-readings";
import { limits } from "@quarterdeck/core/protocol/limits";
import type { TelemetryGap } from "@quarterdeck/core/protocol/telemetry";
import { hourMs, minuteMs } from "@quarterdeck/core/units";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FakeServer } from "./fake-bridge.ts";
import { answerMarks, openViewer } from "./fake-viewer.ts";
import type { Frame, Peer } from "./peer.ts";
import { halfMinutely, readingAt, sendSpool } from "./past-readings.ts";
import { orgId } from "./platform.ts";
import { RelayRuntime } from "./relay-runtime.ts";

type HistoryFrame = Frame & { readings: CompactReadings; gaps: TelemetryGap[] };

const timesIn = ({ readings }: HistoryFrame) => decodeReadings(readings).map(({ atMs }) => atMs);

let relay: RelayRuntime;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "quarterdeck-relay-history-"));
  relay = await RelayRuntime.start({ persistFolder: folder });
});
afterAll(async () => {
  await relay.stop();
  await rm(folder, { recursive: true });
});

async function watch(server: FakeServer, historyMs: number): Promise<Peer> {
  const viewer = await openViewer(relay, server.serverId, { topics: ["telemetry"] });
  answerMarks(viewer);
  viewer.send({ type: "watchTelemetry", historyMs });
  return viewer;
}

/** What came of the past until a reading, each once: stretches may overlap. */
async function received(viewer: Peer, until: number): Promise<{ times: number[]; gaps: TelemetryGap[] }> {
  const frames = () => viewer.frames.filter((frame): frame is HistoryFrame => frame.type === "history");
  await viewer.until(() => frames().some((frame) => timesIn(frame).includes(until)), `the reading of ${until}`);
  return {
    times: [...new Set(frames().flatMap(timesIn))],
    gaps: [...new Map(frames().flatMap(({ gaps }) => gaps.map((gap) => [gap.fromMs, gap]))).values()],
  };
}

test("what a server could not send while it was away reaches whoever watches, and whoever comes later, in order", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const connection = await server.connect();
  const watching = await watch(server, 0);
  await connection.peer.next<Frame & { telemetry: boolean }>("interest", (frame) => frame.telemetry);
  const samples = halfMinutely(2);
  const gap: TelemetryGap = { fromMs: Date.now() - 5 * hourMs, toMs: Date.now() - 3 * hourMs, reason: "tooOld" };
  await sendSpool(connection, samples, [gap]);
  const times = samples.map(({ atMs }) => atMs);
  const last = times.at(-1)!;
  expect(await received(watching, last)).toEqual({ times, gaps: [gap] });
  // The server goes away and the object too; the history stays.
  connection.peer.close();
  await watching.next("server", (frame) => frame["isOnline"] === false);
  await relay.evict(server.serverId);
  const later = await watch(server, limits.telemetryHistoryMs);
  expect(await received(later, last)).toEqual({ times, gaps: [gap] });
  const hour = await received(await watch(server, hourMs), last);
  // The oldest slot may begin a moment before the hour.
  expect(hour.times.length).toBeGreaterThanOrEqual(119);
  expect(hour.times.length).toBeLessThan(150);
});

test("[F9] a page that has not read what it was sent of the past gets what else comes of it only afterwards", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const connection = await server.connect();
  await sendSpool(connection, halfMinutely(0.5));
  const viewer = await openViewer(relay, server.serverId, { topics: ["telemetry"] });
  viewer.send({ type: "watchTelemetry", historyMs: hourMs });
  const { number } = await viewer.next<Frame & { number: number }>("checkpoint");
  const sent = () => viewer.frames.filter(({ type }) => type === "history").length;
  const before = sent();
  const samples = halfMinutely(0.1).map(({ atMs }) => readingAt(atMs - 7));
  await sendSpool(connection, samples);
  const { peer, welcome } = connection;
  peer.send({ type: "telemetry", epoch: welcome.epoch, readings: encodeReadings([readingAt(Date.now())]) });
  await viewer.next<Frame & { readings: CompactReadings }>("telemetry", ({ readings }) => readings.length > 0);
  expect(sent()).toBe(before);
  viewer.send({ type: "reached", number });
  await received(viewer, samples.at(-1)!.atMs);
});

test("survives a restart of the relay, and a piece that comes twice is there once", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const samples = halfMinutely(0.5);
  await sendSpool(await server.connect(), samples);
  await relay.stop();
  await relay.start();
  await sendSpool(await server.connect(), samples);
  const { times } = await received(await watch(server, hourMs), samples.at(-1)!.atMs);
  expect(times).toEqual(samples.map(({ atMs }) => atMs));
});

test("a day takes one row for five minutes, and further days take the places of the first", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const connection = await server.connect();
  await sendSpool(connection, halfMinutely(23));
  const rows = async () =>
    (await relay.sql(server.serverId, "SELECT count(*) AS n FROM telemetry_history"))[0]?.["n"] as number;
  expect(await rows()).toBeLessThanOrEqual((23 * hourMs) / limits.historySlotMs + 1);
  const most = limits.telemetryHistoryMs / limits.historySlotMs;
  // A hostile bridge: as many readings as it can, at all times.
  const { peer, welcome } = connection;
  for (let n = 1; n <= 10; n++) {
    const samples = Array.from({ length: 120 }, (_, i) => readingAt(Date.now() - i * 12 * minuteMs - n));
    peer.send({ type: "history", epoch: welcome.epoch, through: n, readings: encodeReadings(samples), gaps: [] });
  }
  await peer.next<Frame & { through: number }>("historyStored", (frame) => frame.through === 10);
  expect(await rows()).toBeLessThanOrEqual(most);
  const [size] = await relay.sql(server.serverId, "SELECT max(length(body)) AS n FROM telemetry_history");
  expect(size?.["n"]).toBeLessThan(4000);
});

test("readings from the future or from long ago are acknowledged and not kept", async () => {
  const server = await FakeServer.make(relay, { orgId });
  await sendSpool(await server.connect(), [
    readingAt(1),
    readingAt(Date.now() + hourMs),
    readingAt(Date.now() - 25 * hourMs),
  ]);
  expect(await relay.sql(server.serverId, "SELECT * FROM telemetry_history")).toEqual([]);
});
