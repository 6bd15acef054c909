import type { ProjectId, WorkspaceId } from "@quarterdeck/core/ids";
import type { Pressure } from "@quarterdeck/core/protocol/telemetry";
import {
  mostProjects,
  mostTopRuns,
  projectKey,
  type NodeUsage,
  type RunUsage,
  type WorkspaceReading,
} from "@quarterdeck/core/protocol/workspace-readings";
import { cpuRate, type CpuCount } from "./cpu-rate.ts";
import type { MeasuredUsage } from "../host/measured-usage.ts";

interface MeterOptions {
  /** Millicores of the machine. */
  readonly capacity: number;
}

/** Groups as they were read, by a clock that only goes forward. */
export interface UsageLook {
  readonly groups: readonly MeasuredUsage[];
  readonly atMonotonicMs: number;
}

/** The most workspaces and projects of one reading: a machine with more shows the first of them. */
const mostNodes = 256;
const hundredths = 100;
/** Two looks that follow each other at once say nothing of what lies between. */
const leastMs = 100;

function nameOf({ workspaceId, projectId, runId }: MeasuredUsage): string {
  return `${workspaceId} ${projectId ?? ""} ${runId ?? ""}`;
}

/** Turns what kernel counters say into readings of workspaces: what was used since the look before. */
export class UsageMeter {
  readonly #options: MeterOptions;
  #counts: ReadonlyMap<string, CpuCount> | null = null;
  #rates: ReadonlyMap<string, number> = new Map();
  #lookedAtMs = 0;

  constructor(options: MeterOptions) {
    this.#options = options;
  }

  /** @param atMs when the reading was taken, for whoever reads it */
  read({ groups, atMonotonicMs }: UsageLook, atMs: number): WorkspaceReading[] {
    this.#count(groups, atMonotonicMs);
    const workspaces = new Map<WorkspaceId, MeasuredUsage[]>();
    for (const group of groups) {
      const members = workspaces.get(group.workspaceId);
      if (members) members.push(group);
      else workspaces.set(group.workspaceId, [group]);
    }
    let room = mostNodes;
    return [...workspaces].flatMap(([workspaceId, members]) => {
      const own = members.find(({ projectId, runId }) => projectId === null && runId === null);
      if (own === undefined || room <= 0) return [];
      const reading = this.#workspace(workspaceId, { own, members, atMs, room: room - 1 });
      room -= 1 + reading.projects.length;
      return [reading];
    });
  }

  #count(groups: readonly MeasuredUsage[], atMs: number): void {
    const before = this.#counts;
    if (before !== null && atMs - this.#lookedAtMs < leastMs) return;
    const counts = new Map<string, CpuCount>();
    const rates = new Map<string, number>();
    const of = { sinceMs: this.#lookedAtMs, capacity: this.#options.capacity };
    for (const group of groups) {
      const name = nameOf(group);
      const count = { usec: group.cpuUsec, atMs };
      counts.set(name, count);
      // At the first look nobody knows how old what was counted is.
      rates.set(name, before === null ? 0 : cpuRate(before.get(name) ?? null, count, of));
    }
    this.#counts = counts;
    this.#rates = rates;
    this.#lookedAtMs = atMs;
  }

  #workspace(
    workspaceId: WorkspaceId,
    { own, members, atMs, room }: { own: MeasuredUsage; members: readonly MeasuredUsage[]; atMs: number; room: number },
  ): WorkspaceReading {
    const runs = members.filter(({ runId }) => runId !== null);
    const runsOf = new Map<ProjectId, number>();
    for (const { projectId } of runs) if (projectId !== null) runsOf.set(projectId, (runsOf.get(projectId) ?? 0) + 1);
    const projects = members
      .filter(({ projectId, runId }) => projectId !== null && runId === null)
      .slice(0, Math.min(room, mostProjects))
      .flatMap((group) => {
        const { projectId } = group;
        if (projectId === null) return [];
        const usage = this.#usage(group, runsOf.get(projectId) ?? 0);
        return [{ project: projectKey(projectId), ...usage }];
      });
    const usage = this.#usage(own, runs.length);
    return { workspaceId, atMs, ...usage, projects, topRuns: this.#topRuns(runs) };
  }

  #usage(group: MeasuredUsage, runs: number): NodeUsage {
    const { memory, tasks, disk, pressure, network = null } = group;
    const cpu = this.#rateOf(group);
    return { cpu, memory, tasks, runs, disk, network, pressure: pressure && inHundredths(pressure) };
  }

  #topRuns(runs: readonly MeasuredUsage[]): RunUsage[] {
    return runs
      .flatMap((group): RunUsage[] => {
        const { runId, memory, tasks } = group;
        return runId === null ? [] : [{ runId, cpu: this.#rateOf(group), memory, tasks }];
      })
      .toSorted((a, b) => b.cpu - a.cpu || b.memory - a.memory)
      .slice(0, mostTopRuns);
  }

  #rateOf(group: MeasuredUsage): number {
    return this.#rates.get(nameOf(group)) ?? 0;
  }
}

function inHundredths({ cpu, memory, io }: Pressure): Pressure {
  const part = (percent: number) => Math.round(percent * hundredths);
  return { cpu: part(cpu), memory: part(memory), io: part(io) };
}
