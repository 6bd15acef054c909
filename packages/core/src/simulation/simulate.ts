import { play, type Outcome } from "./play.ts";
import { policies, type Capacity } from "./policies.ts";
import { drawArrivals, standardTenants, type Tenant } from "./workload.ts";

export interface SimulationOptions {
  readonly tenants: readonly Tenant[];
  readonly seed: number;
  readonly capacity: Capacity;
  /** For how long tenants submit, in milliseconds. */
  readonly untilMs: number;
}

/** Ten minutes of the standard tenants on a server of 8 cores and 16 GiB. */
export const standardSimulation: SimulationOptions = {
  tenants: standardTenants,
  seed: 1,
  capacity: { cpu: 8000, memory: 16 * 2 ** 30 },
  untilMs: 600_000,
};

/** Plays the same arrivals under each policy. */
export function simulate({ tenants, seed, capacity, untilMs }: SimulationOptions): Map<string, Outcome> {
  const arrivals = drawArrivals(tenants, { seed, untilMs });
  return new Map(
    Object.entries(policies).map(([name, make]) => [name, play(make, { tenants, arrivals, capacity, untilMs })]),
  );
}
