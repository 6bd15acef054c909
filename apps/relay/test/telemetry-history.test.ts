import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeReadings, encodeReadings, type CompactReadings } from "@quarterdeck/core/protocol/compact-readings";
import { limits } from "@quarterdeck/core/protocol/limits";
import type { Sample, TelemetryGap } from "@quarterdeck/core/protocol/telemetry";
import { hourMs, minuteMs } from "@quarterdeck/core/units";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Connection, FakeServer } from "./fake-bridge.ts";
import { openViewer } from "./fake-viewer.ts";
import type { Frame, Peer } from "./peer.ts";
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

const sample = (atMs: number): Sample => ({
  atMs,
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
});

/** Every half minute from `hours` ago until now. */
function past(hours: number): Sample[] {
  const nowMs = Date.now();
  const count = (hours * hourMs) / limits.sampleUnwatchedMs;
  return Array.from({ length: count }, (_, i) => sample(nowMs - (count - i) * limits.sampleUnwatchedMs));
}

/** Sends a spool as a bridge does: the next piece when the last is stored. */
async function send({ peer, welcome }: Connection, samples: readonly Sample[], gaps: TelemetryGap[] = []) {
  for (let sent = 0; sent < samples.length; sent += limits.historySamplesPerFrame) {
    const piece = samples.slice(sent, sent + limits.historySamplesPerFrame);
    const through = sent + piece.length;
    const readings = encodeReadings(piece);
    peer.send({ type: "history", epoch: welcome.epoch, through, readings, gaps: sent === 0 ? gaps : [] });
    await peer.next<Frame & { through: number }>("historyStored", (frame) => frame.through === through);
  }
}

async function watch(server: FakeServer, historyMs: number): Promise<Peer> {
  const viewer = await openViewer(relay, server.serverId, { topics: ["telemetry"] });
  viewer.send({ type: "watchTelemetry", historyMs });
  return viewer;
}

async function received(viewer: Peer, until: number): Promise<{ times: number[]; gaps: TelemetryGap[] }> {
  const frames = () => viewer.frames.filter((frame): frame is HistoryFrame => frame.type === "history");
  await viewer.until(() => frames().some((frame) => timesIn(frame).includes(until)), `the reading of ${until}`);
  return {
    times: frames().flatMap(timesIn),
    gaps: frames().flatMap(({ gaps }) => gaps),
  };
}

test("what a server could not send while it was away reaches whoever watches, and whoever comes later, in order", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const connection = await server.connect();
  const watching = await watch(server, 0);
  await connection.peer.next<Frame & { telemetry: boolean }>("interest", (frame) => frame.telemetry);
  const samples = past(2);
  const gap: TelemetryGap = { fromMs: Date.now() - 5 * hourMs, toMs: Date.now() - 3 * hourMs, reason: "tooOld" };
  await send(connection, samples, [gap]);
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

test("survives a restart of the relay, and a piece that comes twice is there once", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const samples = past(0.5);
  await send(await server.connect(), samples);
  await relay.stop();
  await relay.start();
  await send(await server.connect(), samples);
  const { times } = await received(await watch(server, hourMs), samples.at(-1)!.atMs);
  expect(times).toEqual(samples.map(({ atMs }) => atMs));
});

test("a day takes one row for five minutes, and further days take the places of the first", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const connection = await server.connect();
  await send(connection, past(23));
  const rows = async () =>
    (await relay.sql(server.serverId, "SELECT count(*) AS n FROM telemetry_history"))[0]?.["n"] as number;
  expect(await rows()).toBeLessThanOrEqual((23 * hourMs) / limits.historySlotMs + 1);
  const most = limits.telemetryHistoryMs / limits.historySlotMs;
  // A hostile bridge: as many readings as it can, at all times.
  const { peer, welcome } = connection;
  for (let n = 1; n <= 10; n++) {
    const samples = Array.from({ length: 120 }, (_, i) => sample(Date.now() - i * 12 * minuteMs - n));
    peer.send({ type: "history", epoch: welcome.epoch, through: n, readings: encodeReadings(samples), gaps: [] });
  }
  await peer.next<Frame & { through: number }>("historyStored", (frame) => frame.through === 10);
  expect(await rows()).toBeLessThanOrEqual(most);
  const [size] = await relay.sql(server.serverId, "SELECT max(length(body)) AS n FROM telemetry_history");
  expect(size?.["n"]).toBeLessThan(4000);
});

test("readings from the future or from long ago are acknowledged and not kept", async () => {
  const server = await FakeServer.make(relay, { orgId });
  await send(await server.connect(), [sample(1), sample(Date.now() + hourMs), sample(Date.now() - 25 * hourMs)]);
  expect(await relay.sql(server.serverId, "SELECT * FROM telemetry_history")).toEqual([]);
});
