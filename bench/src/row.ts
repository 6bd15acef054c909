/** What was measured, next to its peer in the same run on the same machine. */
interface Measurement {
  readonly what: string;
  readonly ours: number;
  readonly peer: number;
  /** Names the peer: `peer` says how much, this says who. */
  readonly peerName: string;
  readonly unit: string;
  /** The ratio ours / peer that must be reached or not exceeded. */
  readonly bar: number;
  readonly direction: "at least" | "at most";
  /** Everything someone needs to measure the same again: sizes, durations, concurrency, settings of both sides. */
  readonly config: Readonly<Record<string, string | number | boolean>>;
}

/** One line of an area's result. */
export interface Row extends Measurement {
  readonly ratio: number;
  readonly met: boolean;
}

/** An area, `bench/src/areas/<name>.ts`, exports this as `measure`. `only` names the parts to measure; empty: all. */
export type MeasureArea = (only: readonly string[]) => Promise<readonly Row[]>;

/** Holds a measurement against its bar. What is not a finite ratio (a peer that did nothing) is not met. */
export function compare(measurement: Measurement): Row {
  const ratio = measurement.ours / measurement.peer;
  const isReached = measurement.direction === "at least" ? ratio >= measurement.bar : ratio <= measurement.bar;
  return { ...measurement, ratio, met: Number.isFinite(ratio) && isReached };
}
