import { limits } from "@quarterdeck/core/protocol/limits";
import type { Sample, TelemetryGap } from "@quarterdeck/core/protocol/telemetry";
import type { Readings } from "./sample-history.ts";

/** A time without readings: the line of a chart breaks there. */
export interface Hole {
  readonly fromMs: number;
  readonly toMs: number;
  /** What the bridge says became of the readings; null when there were none to lose, as far as anybody knows. */
  readonly reason: TelemetryGap["reason"] | null;
}

/** A reading may be this much later than expected before its absence shows. */
const patience = 2.5;

/**
 * Finds where readings are missing. They come every 30 s, and every second while somebody watches: between two that each
 * have a neighbour in the next second, a second is what was to be expected.
 */
export function findHoles({ samples, gaps }: Readings): Hole[] {
  const holes: Hole[] = [];
  const first = samples[0];
  const earlier = gaps.filter((gap) => first === undefined || gap.toMs <= first.atMs);
  const lost = earlier[0];
  if (first !== undefined && lost !== undefined)
    holes.push({ fromMs: Math.min(...earlier.map(({ fromMs }) => fromMs)), toMs: first.atMs, reason: lost.reason });
  for (let i = 1; i < samples.length; i++) {
    const [before, after] = [samples[i - 1], samples[i]];
    if (before === undefined || after === undefined) continue;
    const gap = gaps.find(({ fromMs, toMs }) => fromMs < after.atMs && toMs > before.atMs);
    const isLate = after.atMs - before.atMs > patience * expectedMs(samples, i);
    if (gap || isLate) holes.push({ fromMs: before.atMs, toMs: after.atMs, reason: gap?.reason ?? null });
  }
  return holes;
}

function expectedMs(samples: readonly Sample[], i: number): number {
  const isClose = (a: Sample | undefined, b: Sample | undefined) =>
    a !== undefined && b !== undefined && b.atMs - a.atMs <= patience * limits.sampleWatchedMs;
  const isLive = isClose(samples[i - 2], samples[i - 1]) && isClose(samples[i], samples[i + 1]);
  return isLive ? limits.sampleWatchedMs : limits.sampleUnwatchedMs;
}

/** The holes of which some is after a time, cut off there. */
export function holesSince(holes: readonly Hole[], sinceMs: number): Hole[] {
  return holes
    .filter(({ toMs }) => toMs > sinceMs)
    .map((hole) => ({ ...hole, fromMs: Math.max(hole.fromMs, sinceMs) }));
}
