import { decodeReadings, splitReadings, type CompactReadings } from "@quarterdeck/core/protocol/compact-readings";
import { limits } from "@quarterdeck/core/protocol/limits";
import type { Pressure, Sample } from "@quarterdeck/core/protocol/telemetry";
import type { ServerTotals, TelemetryMinute, UsageTotals } from "@quarterdeck/core/protocol/telemetry-minutes";
import {
  decodeWorkspaces,
  type NetworkCount,
  type NodeUsage,
  type WorkspaceReading,
} from "@quarterdeck/core/protocol/workspace-readings";
import { minuteMs } from "@quarterdeck/core/units";

const hundredths = 100;
/** Counters of readings further apart say nothing of a minute. */
const longestStepMs = 2.5 * limits.sampleUnwatchedMs;

/** Adds readings up, minute by minute, oldest first: what the API keeps of them (PROTOCOL 11.12). */
export function minuteTotals(readings: CompactReadings): TelemetryMinute[] {
  const samples = decodeReadings(readings).toSorted((a, b) => a.atMs - b.atMs);
  const ofWorkspaces = decodeWorkspaces(splitReadings(readings).workspaces).toSorted((a, b) => a.atMs - b.atMs);
  const workspaces = byMinute(ofWorkspaces);
  const steps = networkSteps(ofWorkspaces);
  const before = new Map(samples.map((sample, index) => [sample, samples[index - 1]]));
  return [...byMinute(samples)].map(([atMs, inMinute]) => ({
    atMs,
    server: serverTotals(inMinute, (sample) => before.get(sample)),
    workspaces: workspaceTotals(workspaces.get(atMs) ?? [], steps),
  }));
}

function byMinute<R extends { readonly atMs: number }>(readings: readonly R[]): Map<number, R[]> {
  return Map.groupBy(readings, ({ atMs }) => Math.floor(atMs / minuteMs) * minuteMs);
}

interface NetworkStep extends NetworkCount {
  readonly ms: number;
}

/** What passed between each reading of a workspace or project and the one before it; nothing where nobody knows. */
type NetworkSteps = ReadonlyMap<NodeUsage, NetworkStep>;

function networkSteps(readings: readonly WorkspaceReading[]): NetworkSteps {
  const steps = new Map<NodeUsage, NetworkStep>();
  const before = new Map<string, NetworkCount & { readonly atMs: number }>();
  for (const reading of readings)
    for (const node of [reading, ...reading.projects]) {
      const name = "project" in node ? `${reading.workspaceId} ${node.project}` : reading.workspaceId;
      const counted = node.network && { ...node.network, atMs: reading.atMs };
      const last = before.get(name);
      if (counted === null) before.delete(name);
      else {
        if (last) steps.set(node, networkStep(last, counted));
        before.set(name, counted);
      }
    }
  return steps;
}

/** Nothing where none of the readings says anything. */
function networkTotals(usages: readonly NodeUsage[], steps: NetworkSteps): Partial<NetworkTotals> {
  const known = usages.flatMap((usage) => steps.get(usage) ?? []);
  return known.length === 0 ? {} : sumOf(known);
}

type NetworkTotals = Pick<ServerTotals, "receivedSum" | "sentSum" | "networkMs">;

function sumOf(steps: readonly NetworkStep[]): NetworkTotals {
  return {
    receivedSum: sum(steps.map(({ received }) => received)),
    sentSum: sum(steps.map(({ sent }) => sent)),
    networkMs: sum(steps.map(({ ms }) => ms)),
  };
}

function workspaceTotals(readings: readonly WorkspaceReading[], steps: NetworkSteps): TelemetryMinute["workspaces"] {
  const totals = (usages: readonly NodeUsage[]) => ({ ...usageTotals(usages), ...networkTotals(usages, steps) });
  return [...Map.groupBy(readings, ({ workspaceId }) => workspaceId)].map(([workspaceId, own]) => {
    const projects = Map.groupBy(
      own.flatMap((reading) => reading.projects),
      ({ project }) => project,
    );
    return {
      workspaceId,
      usage: totals(own),
      projects: [...projects].map(([project, usages]) => ({ project, usage: totals(usages) })),
    };
  });
}

interface Gauge extends Pick<NodeUsage, "cpu" | "memory" | "runs" | "disk"> {
  readonly pressure: Pressure | null;
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
const max = (numbers: readonly number[]) => numbers.reduce((most, number) => Math.max(most, number), 0);

function usageTotals(gauges: readonly Gauge[]): UsageTotals {
  const cpu = gauges.map((gauge) => gauge.cpu);
  const memory = gauges.map((gauge) => gauge.memory);
  const disk = gauges.flatMap((gauge) => (gauge.disk === null ? [] : [gauge.disk]));
  const pressure = gauges.flatMap((gauge) => (gauge.pressure === null ? [] : [gauge.pressure]));
  return {
    readings: gauges.length,
    cpuSum: sum(cpu),
    cpuMax: max(cpu),
    memorySum: sum(memory),
    memoryMax: max(memory),
    diskMax: disk.length === 0 ? null : max(disk),
    runsMax: max(gauges.map(({ runs }) => runs)),
    pressureReadings: pressure.length,
    pressureCpuSum: sum(pressure.map((of) => of.cpu)),
    pressureMemorySum: sum(pressure.map((of) => of.memory)),
    pressureIoSum: sum(pressure.map((of) => of.io)),
  };
}

function serverTotals(samples: readonly Sample[], before: (sample: Sample) => Sample | undefined): ServerTotals {
  const gauges = samples.map(({ cpu, memoryUsed, diskUsed, runs, pressure = null }): Gauge => {
    return { cpu, memory: memoryUsed, disk: diskUsed, runs, pressure };
  });
  const steps = samples.flatMap((sample) => {
    const last = before(sample);
    return last === undefined ? [] : [networkStep(counterOf(last), counterOf(sample))];
  });
  return {
    ...usageTotals(gauges),
    cpuCapacity: max(samples.map(({ cpuCapacity }) => cpuCapacity)),
    memoryTotal: max(samples.map(({ memoryTotal }) => memoryTotal)),
    diskTotal: max(samples.map(({ diskTotal }) => diskTotal)),
    loadSum: sum(samples.map(({ load1 }) => Math.round(load1 * hundredths))),
    ...sumOf(steps),
  };
}

function counterOf({ atMs, networkReceived: received, networkSent: sent }: Sample) {
  return { atMs, received, sent };
}

/** What passed between two readings. Counters that went back began anew: nobody knows what passed. */
function networkStep(
  before: NetworkCount & { readonly atMs: number },
  now: NetworkCount & { readonly atMs: number },
): NetworkStep {
  const ms = now.atMs - before.atMs;
  const received = now.received - before.received;
  const sent = now.sent - before.sent;
  const isTold = ms > 0 && ms <= longestStepMs && received >= 0 && sent >= 0;
  return isTold ? { received, sent, ms } : { received: 0, sent: 0, ms: 0 };
}
