import type { Band } from "../scheduling/bands.ts";
import { seededRandom } from "./random.ts";

/** How the tasks of a tenant arrive. */
export type Arrivals =
  /** One after the other, about so far apart. */
  | { readonly kind: "steady"; readonly everyMs: number }
  /** Many at once, again and again. */
  | { readonly kind: "bursts"; readonly everyMs: number; readonly tasks: number }
  /** All at the beginning. */
  | { readonly kind: "flood"; readonly tasks: number };

/** A tenant of a simulated server: what it submits. */
export interface Tenant {
  readonly name: string;
  readonly arrivals: Arrivals;
  /** Over how many projects it spreads its tasks. */
  readonly projects: number;
  readonly band: Band;
  readonly weight: number;
  /** How long a task runs, in milliseconds: evenly between the two. */
  readonly durationMs: readonly [number, number];
  /** Millicores and bytes that each task holds. */
  readonly demand: { readonly cpu: number; readonly memory: number };
}

/** A task that arrives at a time. */
export interface Arrival {
  readonly id: string;
  readonly tenant: Tenant;
  readonly project: number;
  readonly atMs: number;
  readonly durationMs: number;
}

/**
 * Draws what all tenants submit until `untilMs`, in the order of arrival. The same seed draws the same.
 */
export function drawArrivals(
  tenants: readonly Tenant[],
  { seed, untilMs }: { seed: number; untilMs: number },
): Arrival[] {
  const arrivals = tenants.flatMap((tenant, index) => {
    const random = seededRandom(seed + index * 7919);
    const times = arrivalTimes(tenant.arrivals, { random, untilMs });
    const [shortest, longest] = tenant.durationMs;
    return times.map((atMs, n): Arrival => {
      const durationMs = Math.round(shortest + random() * (longest - shortest));
      return { id: `${tenant.name} ${n}`, tenant, project: Math.floor(random() * tenant.projects), atMs, durationMs };
    });
  });
  return arrivals.toSorted((a, b) => a.atMs - b.atMs);
}

function arrivalTimes(arrivals: Arrivals, { random, untilMs }: { random: () => number; untilMs: number }): number[] {
  if (arrivals.kind === "flood") return Array.from({ length: arrivals.tasks }, () => 0);
  const times: number[] = [];
  const perTime = arrivals.kind === "bursts" ? arrivals.tasks : 1;
  for (let atMs = random() * arrivals.everyMs; atMs < untilMs; atMs += arrivals.everyMs * (0.5 + random())) {
    for (let n = 0; n < perTime; n++) times.push(Math.round(atMs));
  }
  return times;
}

const light = { cpu: 500, memory: 256 * 2 ** 20 };

/** Six tenants that a shared server meets: one of each kind that makes life hard for the others, and two that just work. */
export const standardTenants: readonly Tenant[] = [
  {
    name: "steady",
    arrivals: { kind: "steady", everyMs: 4000 },
    projects: 4,
    band: "normal",
    weight: 1,
    durationMs: [1000, 5000],
    demand: light,
  },
  {
    name: "mouse",
    arrivals: { kind: "steady", everyMs: 30_000 },
    projects: 1,
    band: "normal",
    weight: 1,
    durationMs: [1000, 3000],
    demand: light,
  },
  {
    name: "bursty",
    arrivals: { kind: "bursts", everyMs: 300_000, tasks: 60 },
    projects: 3,
    band: "normal",
    weight: 1,
    durationMs: [2000, 6000],
    demand: light,
  },
  {
    name: "elephant",
    arrivals: { kind: "flood", tasks: 3000 },
    projects: 2,
    band: "normal",
    weight: 1,
    durationMs: [2000, 10_000],
    demand: light,
  },
  {
    name: "sharded",
    arrivals: { kind: "bursts", everyMs: 600_000, tasks: 400 },
    projects: 100,
    band: "normal",
    weight: 1,
    durationMs: [2000, 6000],
    demand: light,
  },
  {
    name: "all urgent",
    arrivals: { kind: "bursts", everyMs: 400_000, tasks: 150 },
    projects: 1,
    band: "urgent",
    weight: 1,
    durationMs: [2000, 6000],
    demand: { cpu: 1000, memory: 2 ** 30 },
  },
];
