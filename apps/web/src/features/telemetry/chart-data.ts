import type { Sample } from "@quarterdeck/core/protocol/telemetry";
import type { Hole } from "./holes.ts";
import { networkRates } from "./sample-history.ts";

/** The columns of a server's charts: for each time in seconds since 1970 a value, or null where the line breaks. */
export interface ChartData {
  readonly times: readonly number[];
  readonly cpu: readonly (number | null)[];
  readonly memory: readonly (number | null)[];
  readonly disk: readonly (number | null)[];
  readonly received: readonly (number | null)[];
  readonly sent: readonly (number | null)[];
}

type Row = readonly [time: number, ...values: (number | null)[]];

/** Puts samples into columns, with an empty moment in each hole. */
export function chartData(samples: readonly Sample[], holes: readonly Hole[]): ChartData {
  const rows: Row[] = samples.map((sample, index) => {
    const { received, sent } = networkRates(samples[index - 1], sample);
    const cpu = sample.cpuCapacity === 0 ? null : sample.cpu / sample.cpuCapacity;
    return [sample.atMs / 1000, cpu, sample.memoryUsed, sample.diskUsed, received, sent];
  });
  const empty = holes.map(({ fromMs, toMs }): Row => [(fromMs + toMs) / 2000, null, null, null, null, null]);
  const all = [...rows, ...empty].toSorted((a, b) => a[0] - b[0]);
  const column = (index: number) => all.map((row) => row[index] ?? null);
  return {
    times: all.map(([time]) => time),
    cpu: column(1),
    memory: column(2),
    disk: column(3),
    received: column(4),
    sent: column(5),
  };
}
