import type { Sample } from "@quarterdeck/core/protocol/telemetry";
import type { Hole } from "./holes.ts";
import { networkRates } from "./sample-history.ts";
import { columnsOf, pressureParts, type UseColumns, type UsePoint } from "./use-columns.ts";

/** Puts a server's samples into the columns of its charts. */
export function chartData(samples: readonly Sample[], holes: readonly Hole[]): UseColumns {
  const points = samples.map((sample, index): UsePoint => {
    const { atMs, cpu, memoryUsed, diskUsed, load1, pressure } = sample;
    const rates = networkRates(samples[index - 1], sample);
    return { atMs, cpu, memory: memoryUsed, disk: diskUsed, load: load1, ...rates, ...pressureParts(pressure) };
  });
  return columnsOf(points, holes);
}

/** What a server has, as its newest sample says. */
export function capacityOf(sample: Sample | undefined) {
  if (sample === undefined) return null;
  return { cpu: sample.cpuCapacity, memory: sample.memoryTotal, disk: sample.diskTotal };
}
