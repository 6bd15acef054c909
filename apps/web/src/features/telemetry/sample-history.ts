import type { Sample } from "@quarterdeck/core/protocol/telemetry";

/** Five minutes of samples, one a second. */
export const keptSamples = 300;

/** Adds samples to a history in the order of their time; what is known already changes nothing. */
export function addSamples(history: readonly Sample[], added: readonly Sample[]): readonly Sample[] {
  const known = new Set(history.map((sample) => sample.atMs));
  const fresh = added.filter((sample) => !known.has(sample.atMs));
  if (fresh.length === 0) return history;
  return [...history, ...fresh].toSorted((a, b) => a.atMs - b.atMs).slice(-keptSamples);
}

export interface Rates {
  /** Bytes per second; null where the sample before is missing or the counters started again. */
  readonly received: number | null;
  readonly sent: number | null;
}

/** What passed the network between two samples, whose counters are cumulative. */
export function networkRates(before: Sample | undefined, sample: Sample): Rates {
  if (before === undefined) return { received: null, sent: null };
  const seconds = (sample.atMs - before.atMs) / 1000;
  const rate = (from: number, to: number) => (seconds > 0 && to >= from ? (to - from) / seconds : null);
  return {
    received: rate(before.networkReceived, sample.networkReceived),
    sent: rate(before.networkSent, sample.networkSent),
  };
}
