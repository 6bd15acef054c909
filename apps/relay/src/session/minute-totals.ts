import { decodeReadings, splitReadings, type CompactReadings } from "@quarterdeck/core/protocol/compact-readings";
import { limits } from "@quarterdeck/core/protocol/limits";
import type { Pressure, Sample } from "@quarterdeck/core/protocol/telemetry";
import type { ServerTotals, TelemetryMinute, UsageTotals } from "@quarterdeck/core/protocol/telemetry-minutes";
import { decodeWorkspaces, type NodeUsage, type WorkspaceReading } from "@quarterdeck/core/protocol/workspace-readings";
import { minuteMs } from "@quarterdeck/core/units";

const hundredths = 100;
/** Counters of readings further apart say nothing of a minute. */
const longestStepMs = 2.5 * limits.sampleUnwatchedMs;

/** Adds readings up, minute by minute, oldest first: what the API keeps of them (PROTOCOL 11.12). */
export function minuteTotals(readings: CompactReadings): TelemetryMinute[] {
  const samples = decodeReadings(readings).toSorted((a, b) => a.atMs - b.atMs);
  const workspaces = byMinute(decodeWorkspaces(splitReadings(readings).workspaces));
  const before = new Map(samples.map((sample, index) => [sample, samples[index - 1]]));
  return [...byMinute(samples)].map(([atMs, inMinute]) => ({
    atMs,
    server: serverTotals(inMinute, (sample) => before.get(sample)),
    workspaces: workspaceTotals(workspaces.get(atMs) ?? []),
  }));
}

function byMinute<R extends { readonly atMs: number }>(readings: readonly R[]): Map<number, R[]> {
  return Map.groupBy(readings, ({ atMs }) => Math.floor(atMs / minuteMs) * minuteMs);
}

function workspaceTotals(readings: readonly WorkspaceReading[]): TelemetryMinute["workspaces"] {
  return [...Map.groupBy(readings, ({ workspaceId }) => workspaceId)].map(([workspaceId, own]) => {
    const projects = Map.groupBy(
      own.flatMap((reading) => reading.projects),
      ({ project }) => project,
    );
    return {
      workspaceId,
      usage: usageTotals(own),
      projects: [...projects].map(([project, usages]) => ({ project, usage: usageTotals(usages) })),
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
  const steps = samples.map((sample) => networkStep(before(sample), sample));
  return {
    ...usageTotals(gauges),
    cpuCapacity: max(samples.map(({ cpuCapacity }) => cpuCapacity)),
    memoryTotal: max(samples.map(({ memoryTotal }) => memoryTotal)),
    diskTotal: max(samples.map(({ diskTotal }) => diskTotal)),
    loadSum: sum(samples.map(({ load1 }) => Math.round(load1 * hundredths))),
    receivedSum: sum(steps.map(({ received }) => received)),
    sentSum: sum(steps.map(({ sent }) => sent)),
    networkMs: sum(steps.map(({ ms }) => ms)),
  };
}

/** What passed between two readings. Counters that went back began anew: nobody knows what passed. */
function networkStep(before: Sample | undefined, sample: Sample): { received: number; sent: number; ms: number } {
  const ms = before === undefined ? 0 : sample.atMs - before.atMs;
  const received = sample.networkReceived - (before?.networkReceived ?? 0);
  const sent = sample.networkSent - (before?.networkSent ?? 0);
  const isTold = ms > 0 && ms <= longestStepMs && received >= 0 && sent >= 0;
  return isTold ? { received, sent, ms } : { received: 0, sent: 0, ms: 0 };
}
