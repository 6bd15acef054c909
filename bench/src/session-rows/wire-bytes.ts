import type { ProjectId } from "@quarterdeck/core/ids";
import { encodeReadings, splitReadings, type CompactReadings } from "@quarterdeck/core/protocol/compact-readings";
import type { RelayToViewer, ViewerFrame } from "@quarterdeck/core/protocol/relay-to-viewer";
import type { Sample } from "@quarterdeck/core/protocol/telemetry";
import {
  decodeWorkspaces,
  encodeWorkspaces,
  projectKey,
  type NodeUsage,
  type WorkspaceReading,
} from "@quarterdeck/core/protocol/workspace-readings";
import { id } from "../../../apps/relay/test/platform.ts";
import { RelayRig } from "../rig/relay-rig.ts";
import { compare, type Row } from "../row.ts";
import { readSampleOf } from "./generated-sample.ts";
import { until } from "./load-round.ts";

const projects = 20;
const samples = 60;
const workspaceId = id("workspace");
const projectIds = Array.from({ length: projects }, () => id("project"));
const runIds = Array.from({ length: 5 }, () => id("run"));

/** What one project uses; a third of them has something running. */
function usageOf(index: number, second: number): NodeUsage {
  const disk = 104_857_600 + index * 4096;
  const idle = { cpu: 0, memory: 0, tasks: 0, runs: 0, disk, pressure: { cpu: 0, memory: 0, io: 0 }, network: null };
  if (index % 3 > 0) return idle;
  const wave = Math.sin(second / 10 + index);
  const pressure = { cpu: Math.round(200 + 150 * wave), memory: 0, io: Math.round(20 + 10 * wave) };
  const memory = 268_435_456 + 4096 * Math.round(5000 * wave);
  return { ...idle, cpu: Math.round(400 + 300 * wave), memory, tasks: 12, runs: 1, pressure };
}

interface PlainReading {
  readonly server: Sample;
  readonly workspace: NodeUsage & Pick<WorkspaceReading, "workspaceId" | "topRuns">;
  readonly projects: readonly (NodeUsage & { readonly projectId: ProjectId })[];
}

function readingAt(second: number): PlainReading {
  const wave = Math.sin(second / 10);
  return {
    server: {
      ...readSampleOf(Date.now() - (samples - second) * 1000),
      pressure: { cpu: Math.round(300 + 200 * wave), memory: 0, io: Math.round(50 + 40 * wave) },
    },
    workspace: {
      workspaceId,
      ...usageOf(0, second),
      topRuns: runIds.map((runId, index) => ({ runId, ...busyRun(index, second) })),
    },
    projects: projectIds.map((projectId, index) => ({ projectId, ...usageOf(index, second) })),
  };
}

function busyRun(index: number, second: number) {
  const { cpu, memory, tasks } = usageOf(3 * index, second);
  return { cpu, memory, tasks };
}

function workspaceOf({ server, workspace, projects: usages }: PlainReading): WorkspaceReading {
  const named = usages.map(({ projectId, ...usage }) => ({ project: projectKey(projectId), ...usage }));
  return { ...workspace, atMs: server.atMs, projects: named };
}

function packed(readings: readonly PlainReading[]): CompactReadings {
  return [...encodeReadings(readings.map(({ server }) => server)), ...encodeWorkspaces(readings.map(workspaceOf))];
}

/**
 * Bytes of a sample of a server with 20 projects as a viewer gets them over its socket, from the shipped connection through the
 * relay: live in frames of one; and of the history as a bridge hands it over. The readings are generated.
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
  const viewer = await rig.openViewer(identity, ["telemetry", `telemetry:${workspaceId}`], (message) => {
    bytes += message.length;
    const frame = JSON.parse(message.toString()) as RelayToViewer;
    for (const one of frame.type === "batch" ? frame.frames : [frame]) take(one);
  });
  await until(() => arrived.server === 1, "the word on the server");
  bytes = 0;
  viewer.send(JSON.stringify({ type: "watchTelemetry" }));
  for (const [second, reading] of plain.entries()) {
    bridge.send({ type: "telemetry", readings: [...packed([reading])] });
    await until(() => arrived.telemetry === second + 1, "a sample");
    const [workspace] = decodeWorkspaces(splitReadings(got).workspaces);
    if (workspace?.projects.length !== projects) throw new Error("the sample's projects did not arrive");
  }
  const live = bytes;
  const history = { type: "history", through: samples, readings: packed(plain) } as const;
  bridge.send({ ...history, readings: [...history.readings], gaps: [] });
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
      counted: "live at the viewer's socket, with frames, batches and marks; the history as the bridge sends it",
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
      ours: JSON.stringify(history).length / samples,
      bar: 0.4,
    }),
  ];
}
