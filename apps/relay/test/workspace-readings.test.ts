import type { WorkspaceId } from "@quarterdeck/core/ids";
import { encodeReadings, splitReadings, type CompactReadings } from "@quarterdeck/core/protocol/compact-readings";
import { limits } from "@quarterdeck/core/protocol/limits";
import type { Topic } from "@quarterdeck/core/protocol/ticket";
import { encodeWorkspaces, projectKey, type WorkspaceReading } from "@quarterdeck/core/protocol/workspace-readings";
import { hourMs, minuteMs } from "@quarterdeck/core/units";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { FakeServer, type Connection } from "./fake-bridge.ts";
import { openViewer } from "./fake-viewer.ts";
import { sample } from "./output-source.ts";
import { eventually, type Frame, type Peer } from "./peer.ts";
import { id, orgId } from "./platform.ts";
import { RelayRuntime } from "./relay-runtime.ts";

let relay: RelayRuntime;
beforeAll(async () => {
  relay = await RelayRuntime.start();
});
afterEach(() => (relay.api.isUp = true));
afterAll(() => relay.stop());

const [a, b] = [id("workspace"), id("workspace")];
const [keyA, keyB] = [id("project"), id("project")].map(projectKey) as [string, string];
const [runA, runB] = [id("run"), id("run")];
const pressure = { cpu: 120, memory: 0, io: 7 };

function readingOf(workspaceId: WorkspaceId, atMs: number, cpu = 250): WorkspaceReading {
  const usage = {
    cpu,
    memory: 1_048_576,
    tasks: 3,
    runs: 1,
    disk: null,
    pressure: null,
    network: { received: 5, sent: 6 },
  };
  const [project, runId] = workspaceId === a ? [keyA, runA] : [keyB, runB];
  const topRuns = [{ runId, cpu, memory: 9, tasks: 3 }];
  return { workspaceId, atMs, ...usage, projects: [{ project, ...usage }], topRuns };
}

const readingsAt = (atMs: number): CompactReadings => [
  ...encodeReadings([{ ...sample, atMs, pressure }]),
  ...encodeWorkspaces([readingOf(a, atMs), readingOf(b, atMs)]),
];

type ReadingsFrame = Frame & { readings: CompactReadings };

function send({ peer, welcome }: Connection, type: "telemetry" | "history", readings: CompactReadings): void {
  const through = type === "history" ? { through: 1, gaps: [] } : {};
  peer.send({ type, epoch: welcome.epoch, readings, ...through });
}

async function watch(server: FakeServer, topics: Topic[], options: { features?: string | null } = {}): Promise<Peer> {
  const viewer = await openViewer(relay, server.serverId, { topics, ...options });
  viewer.send({ type: "watchTelemetry", historyMs: limits.telemetryHistoryMs });
  return viewer;
}

/** What a viewer learnt of each part, from everything that it was ever sent. */
function seen(viewer: Peer): Set<string> {
  const frames = viewer.frames.filter((frame): frame is ReadingsFrame => "readings" in frame);
  const all = JSON.stringify(frames);
  const known = { a, b, keyA, keyB, runA, runB };
  const names = Object.entries(known).flatMap(([name, value]) => (all.includes(value) ? [name] : []));
  const hasServer = frames.some(({ readings }) => splitReadings(readings).server.length > 0);
  return new Set([...names, ...(hasServer ? ["server"] : [])]);
}

const ofA = ["a", "keyA", "runA"];
const ofB = ["b", "keyB", "runB"];

test("[T9] a viewer with a ticket for one workspace never gets a number of another, nor of the server: live, late, or of the past", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const connection = await server.connect();
  const telemetry = (id: WorkspaceId): Topic => `telemetry:${id}`;
  const stories: readonly [Topic[], string[]][] = [
    [[telemetry(a)], ofA],
    [[telemetry(b)], ofB],
    [["telemetry"], ["server"]],
    [
      ["telemetry", telemetry(a)],
      ["server", ...ofA],
    ],
    [
      [telemetry(a), telemetry(b)],
      [...ofA, ...ofB],
    ],
    [[telemetry(id("workspace"))], []],
  ];
  const early = await Promise.all(stories.map(([topics]) => watch(server, topics)));
  await connection.peer.next("interest", (frame) => frame["telemetry"] === true);
  const nowMs = Date.now();
  send(connection, "history", readingsAt(nowMs - 60_000));
  await connection.peer.next("historyStored");
  send(connection, "telemetry", readingsAt(nowMs));
  const late = await Promise.all(stories.map(([topics]) => watch(server, topics)));
  // One who sees all of it shows when everything has gone out.
  const witness = await watch(server, ["telemetry", telemetry(a), telemetry(b)]);
  send(connection, "telemetry", readingsAt(nowMs + 1));
  await witness.until(() => seen(witness).size === 7, "all readings");
  for (const viewers of [early, late])
    for (const [index, [, expected]] of stories.entries()) {
      const viewer = viewers[index]!;
      await viewer.until(() => seen(viewer).size >= expected.length, `what viewer ${index} may see`);
      expect([index, seen(viewer)]).toEqual([index, new Set(expected)]);
    }
  // The past of workspaces is not the relay's to show, whoever asks.
  for (const viewer of [...early, ...late, witness])
    for (const frame of viewer.frames) if (frame.type === "history") expect(JSON.stringify(frame)).not.toContain(a);
  // And after an eviction, when all that is known of a viewer is what its socket remembers.
  await relay.evict(server.serverId);
  send(connection, "telemetry", readingsAt(nowMs + 2));
  const newest = ({ frames }: Peer) =>
    frames.some((frame) => frame.type === "telemetry" && JSON.stringify(frame).includes(String(nowMs + 2)));
  await witness.until(() => newest(witness), "readings after the eviction");
  for (const [index, [, expected]] of stories.entries()) expect(seen(early[index]!)).toEqual(new Set(expected));
});

test("[T9] a further ticket shows a further workspace from then on, and what came last of it", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const connection = await server.connect();
  const userId = id("user");
  const viewer = await openViewer(relay, server.serverId, { topics: [`telemetry:${a}`], ticket: { userId } });
  viewer.send({ type: "watchTelemetry" });
  await connection.peer.next("interest", (frame) => frame["telemetry"] === true);
  send(connection, "telemetry", readingsAt(Date.now()));
  await viewer.next("telemetry");
  expect(seen(viewer)).toEqual(new Set(ofA));
  viewer.send({
    type: "authorize",
    ticket: await relay.platform.ticket(server.serverId, [`telemetry:${b}`], { userId }),
  });
  await viewer.until(() => seen(viewer).size > 3, "the other workspace");
  expect(seen(viewer)).toEqual(new Set([...ofA, ...ofB]));
});

test("[F11] a page that knows nothing of workspaces gets the server's readings as it knows them", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const connection = await server.connect();
  const viewer = await watch(server, ["telemetry", `telemetry:${a}`], { features: "batch,checkpoint" });
  await connection.peer.next("interest", (frame) => frame["telemetry"] === true);
  send(connection, "history", readingsAt(Date.now() - 60_000));
  send(connection, "telemetry", readingsAt(Date.now()));
  await viewer.next("history");
  await viewer.next("telemetry");
  expect(seen(viewer)).toEqual(new Set(["server"]));
  expect(viewer.texts.join("\n")).not.toContain("pressure");
});

/** A slot of readings, one in half a minute, that is over. */
function slotFrom(startMs: number): CompactReadings {
  const times = Array.from({ length: 10 }, (_, i) => startMs + i * limits.sampleUnwatchedMs);
  return [
    ...encodeReadings(times.map((atMs, i) => ({ ...sample, atMs, cpu: 100 + i, networkReceived: i * 3000 }))),
    ...encodeWorkspaces(times.map((atMs, i) => readingOf(a, atMs, 10 * i))),
  ];
}
const slotStart = (agoMs: number) => Math.floor((Date.now() - agoMs) / limits.historySlotMs) * limits.historySlotMs;

test("each minute of what is stored is told to the API, once or as often as it takes, and what it missed later", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const connection = await server.connect();
  const told = () => relay.api.minutes(server.serverId);
  const startMs = slotStart(2 * hourMs);
  const store = async (readings: CompactReadings) => {
    send(connection, "history", readings);
    await connection.peer.next("historyStored");
  };
  await store(slotFrom(startMs));
  await eventually(told, (minutes) => minutes.length === 5);
  const [first] = told();
  expect(first).toMatchObject({
    atMs: startMs,
    server: { readings: 2, cpuSum: 201, cpuMax: 101, receivedSum: 3000, networkMs: 30_000 },
    workspaces: [{ workspaceId: a, usage: { readings: 2, cpuSum: 10, cpuMax: 10 }, projects: [{ project: keyA }] }],
  });
  // The API is away for two slots, and the object forgets meanwhile that it wanted to tell.
  relay.api.isUp = false;
  await store(slotFrom(startMs + limits.historySlotMs));
  await store(slotFrom(startMs + 2 * limits.historySlotMs));
  await relay.evict(server.serverId);
  expect(told()).toHaveLength(5);
  relay.api.isUp = true;
  await store(slotFrom(startMs + 12 * limits.historySlotMs));
  const minutes = await eventually(told, (all) => all.length === 20);
  const offsets = [0, 1, 2, 12].flatMap((slot) => [0, 1, 2, 3, 4].map((minute) => slot * 5 + minute));
  expect(minutes.map(({ atMs }) => (atMs - startMs) / minuteMs).toSorted((x, y) => x - y)).toEqual(offsets);
});
