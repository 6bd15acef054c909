import { limits } from "@quarterdeck/core/protocol/limits";
import type { Sample, TelemetryGap } from "@quarterdeck/core/protocol/telemetry";
import { secondMs } from "@quarterdeck/core/units";
import { ratesBetween, type CountedBytes, type NetworkRates } from "./network-rates.ts";

/** A server's readings, oldest first, and the times whose readings are lost. */
export interface Readings {
  readonly samples: readonly Sample[];
  readonly gaps: readonly TelemetryGap[];
}

export const noReadings: Readings = { samples: [], gaps: [] };

/** Readings of every second are kept this long, and then one in half a minute, like those that nobody watched. */
const fineMs = limits.historySlotMs + limits.telemetryUnwatchedMs;
const coarseMs = limits.sampleUnwatchedMs - 5 * secondMs;
export const keptSamples = fineMs / limits.sampleWatchedMs + limits.telemetryHistoryMs / coarseMs;
const keptGaps = 200;

/** Adds to a history in the order of time; what is known already changes nothing. */
export function addReadings(history: Readings, added: Readings): Readings {
  const samples = addSamples(history.samples, added.samples);
  const gaps = addGaps(history.gaps, added.gaps);
  return samples === history.samples && gaps === history.gaps ? history : { samples, gaps };
}

function addSamples(history: readonly Sample[], added: readonly Sample[]): readonly Sample[] {
  const known = new Set(history.map((sample) => sample.atMs));
  const fresh = added.filter((sample) => !known.has(sample.atMs));
  if (fresh.length === 0) return history;
  const all = [...history, ...fresh].toSorted((a, b) => a.atMs - b.atMs);
  const newestMs = all.at(-1)?.atMs ?? 0;
  let keptMs = Number.NEGATIVE_INFINITY;
  const kept = all.filter(({ atMs }) => {
    if (atMs < newestMs - limits.telemetryHistoryMs) return false;
    if (atMs < newestMs - fineMs && atMs - keptMs < coarseMs) return false;
    keptMs = atMs;
    return true;
  });
  return kept.slice(-keptSamples);
}

function addGaps(known: readonly TelemetryGap[], added: readonly TelemetryGap[]): readonly TelemetryGap[] {
  const isKnown = (gap: TelemetryGap) => known.some(({ fromMs, toMs }) => fromMs === gap.fromMs && toMs === gap.toMs);
  const fresh = added.filter((gap) => !isKnown(gap));
  if (fresh.length === 0) return known;
  return [...known, ...fresh].toSorted((a, b) => a.toMs - b.toMs).slice(-keptGaps);
}

/** What passed the network between two samples, whose counters are cumulative. */
export function networkRates(before: Sample | undefined, sample: Sample): NetworkRates {
  return ratesBetween(before === undefined ? null : countedBy(before), countedBy(sample));
}

function countedBy({ atMs, networkReceived: received, networkSent: sent }: Sample): CountedBytes {
  return { atMs, received, sent };
}
