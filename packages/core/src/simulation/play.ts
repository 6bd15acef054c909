import type { Capacity, MakePolicy } from "./policies.ts";
import type { Arrival, Tenant } from "./workload.ts";

/** What a tenant got from a simulated server. */
export interface TenantOutcome {
  readonly name: string;
  readonly tasks: number;
  /** From the arrival to the start, in milliseconds. */
  readonly waitP50Ms: number;
  readonly waitP99Ms: number;
  /** Its part of the processor time that the server gave while every tenant had tasks to come, from 0 to 1. */
  readonly share: number;
  /** How much of the server's processor it held until the last arrival, from 0 to 1. */
  readonly utilisation: number;
}

export interface Outcome {
  readonly tenants: readonly TenantOutcome[];
  /** How much of the server's processor was held until the last arrival, from 0 to 1. */
  readonly utilisation: number;
}

interface Simulation {
  readonly tenants: readonly Tenant[];
  readonly arrivals: readonly Arrival[];
  readonly capacity: Capacity;
  /** Until when shares and utilisation count, in milliseconds. What waits then is played to its end. */
  readonly untilMs: number;
}

interface Started {
  readonly task: Arrival;
  readonly startedAtMs: number;
}

/** Plays arrivals on one server under one policy, in virtual time, until every task has ended. */
export function play(makePolicy: MakePolicy, { tenants, arrivals, capacity, untilMs }: Simulation): Outcome {
  const policy = makePolicy(capacity, tenants);
  const started: Started[] = [];
  let running: Started[] = [];
  let nowMs = 0;
  let arrived = 0;
  while (started.length < arrivals.length || running.length > 0) {
    for (let next = arrivals[arrived]; next !== undefined && next.atMs <= nowMs; next = arrivals[++arrived])
      policy.add(next);
    for (let task = policy.next(nowMs); task !== undefined; task = policy.next(nowMs)) {
      const start = { task, startedAtMs: nowMs };
      started.push(start);
      running.push(start);
    }
    const ends = running.map(endOf);
    const nextMs = Math.min(arrivals[arrived]?.atMs ?? Number.POSITIVE_INFINITY, ...ends);
    if (!Number.isFinite(nextMs)) throw new Error("tasks wait and nothing will ever start them");
    nowMs = nextMs;
    for (const { task } of running.filter((run) => endOf(run) <= nowMs)) policy.ended(task);
    running = running.filter((run) => endOf(run) > nowMs);
  }
  return describe(started, { tenants, capacity, untilMs });
}

function endOf({ task, startedAtMs }: Started): number {
  return startedAtMs + Math.max(1, task.durationMs);
}

function describe(
  started: readonly Started[],
  { tenants, capacity, untilMs }: Pick<Simulation, "tenants" | "capacity" | "untilMs">,
): Outcome {
  const servedOf = (run: Started) =>
    run.task.tenant.demand.cpu * Math.max(0, Math.min(endOf(run), untilMs) - run.startedAtMs);
  const served = started.reduce((sum, run) => sum + servedOf(run), 0);
  return {
    utilisation: served / (capacity.cpu * untilMs),
    tenants: tenants.map((tenant) => {
      const own = started.filter(({ task }) => task.tenant === tenant);
      const waits = own.map(({ task, startedAtMs }) => startedAtMs - task.atMs).toSorted((a, b) => a - b);
      const at = (part: number) => waits[Math.min(waits.length - 1, Math.floor(part * waits.length))] ?? 0;
      const ownServed = own.reduce((sum, run) => sum + servedOf(run), 0);
      const [share, utilisation] = [ownServed / Math.max(1, served), ownServed / (capacity.cpu * untilMs)];
      return { name: tenant.name, tasks: own.length, waitP50Ms: at(0.5), waitP99Ms: at(0.99), share, utilisation };
    }),
  };
}
