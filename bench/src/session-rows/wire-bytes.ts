import type { ProjectId } from "@quarterdeck/core/ids";
import {
  decodeReadings,
  encodeReadings,
  projectKey,
  type CompactReadings,
  type Reading,
} from "@quarterdeck/core/protocol/compact-readings";
import type { RelayToViewer, ViewerFrame } from "@quarterdeck/core/protocol/relay-to-viewer";
import type { Sample } from "@quarterdeck/core/protocol/telemetry";
import { id } from "../../../apps/relay/test/platform.ts";
import { RelayRig } from "../rig/relay-rig.ts";
import { compare, type Row } from "../row.ts";
import { readSampleOf } from "./generated-sample.ts";
import { until } from "./load-round.ts";

const projects = 20;
const samples = 60;
const projectIds = Array.from({ length: projects }, () => id("project"));

/** What one project uses; a third of them has something running. */
function usageOf(index: number, second: number) {
  if (index % 3 > 0) return { cpu: 0, memory: 0, runs: 0 };
  const wave = Math.sin(second / 10 + index);
  return { cpu: Math.round(400 + 300 * wave), memory: 268_435_456 + 4096 * Math.round(5000 * wave), runs: 1 };
}

interface PlainReading {
  readonly server: Sample;
  readonly projects: readonly ({ readonly projectId: ProjectId } & ReturnType<typeof usageOf>)[];
}

function readingAt(second: number): PlainReading {
  return {
    server: readSampleOf(Date.now() - (samples - second) * 1000),
    projects: projectIds.map((projectId, index) => ({ projectId, ...usageOf(index, second) })),
  };
}

function compactOf({ server, projects: usages }: PlainReading): Reading {
  return {
    ...server,
    projects: usages.map(({ projectId, ...usage }) => ({ project: projectKey(projectId), ...usage })),
  };
}

/**
 * Bytes of a sample of a server with 20 projects as a viewer gets them over its socket, from the shipped connection through the
 * relay: live in frames of one, and from the history. The readings are generated: no bridge reads its projects yet.
 */
export async function measureWireBytes(): Promise<Row[]> {
  await using rig = await RelayRig.start();
  const identity = await rig.register();
  const bridge = await rig.openBridge(identity);
  const plain = Array.from({ length: samples }, (_, second) => readingAt(second));
  const arrived = { server: 0, telemetry: 0, history: 0 };
  let bytes = 0;
  let got: CompactReadings = [];
  const take = (frame: ViewerFrame) => {
    if (frame.type === "server") arrived.server++;
    if (frame.type !== "telemetry" && frame.type !== "history") return;
    arrived[frame.type]++;
    got = frame.readings;
  };
  const viewer = await rig.openViewer(identity, ["telemetry"], (message) => {
    bytes += message.length;
    const frame = JSON.parse(message.toString()) as RelayToViewer;
    for (const one of frame.type === "batch" ? frame.frames : [frame]) take(one);
  });
  await until(() => arrived.server === 1, "the word on the server");
  bytes = 0;
  viewer.send(JSON.stringify({ type: "watchTelemetry" }));
  for (const [second, reading] of plain.entries()) {
    bridge.send({ type: "telemetry", readings: encodeReadings([compactOf(reading)]) });
    await until(() => arrived.telemetry === second + 1, "a sample");
    if (decodeReadings(got)[0]?.projects?.length !== projects) throw new Error("the sample's projects did not arrive");
  }
  const live = bytes;
  bytes = 0;
  bridge.send({ type: "history", through: samples, readings: encodeReadings(plain.map(compactOf)), gaps: [] });
  await until(() => arrived.history === 1, "the history");
  const common = {
    peer: plain.reduce((sum, reading) => sum + JSON.stringify(reading).length, 0) / samples,
    peerName: "plain JSON",
    unit: "bytes",
    direction: "at most",
    config: {
      projects,
      samples,
      readings: "generated",
      counted: "at the viewer's socket, with frames, batches and marks",
    },
  } as const;
  return [
    compare({
      ...common,
      what: "bytes of a sample of a server with 20 projects, live",
      ours: live / samples,
      bar: 0.4,
    }),
    compare({
      ...common,
      what: "bytes of a sample of a server with 20 projects, in the history",
      ours: bytes / samples,
      bar: 0.4,
    }),
  ];
}
