/** Bytes that passed until a moment, by a counter. */
export interface CountedBytes {
  readonly atMs: number;
  readonly received: number;
  readonly sent: number;
}

/** Bytes per second; null where nobody knows. */
export interface NetworkRates {
  readonly received: number | null;
  readonly sent: number | null;
}

/** What passed between two moments. A counter that went back began anew, and says nothing of what was before. */
export function ratesBetween(before: CountedBytes | null, now: CountedBytes | null): NetworkRates {
  if (before === null || now === null) return { received: null, sent: null };
  const seconds = (now.atMs - before.atMs) / 1000;
  const rate = (from: number, to: number) => (seconds > 0 && to >= from ? (to - from) / seconds : null);
  return { received: rate(before.received, now.received), sent: rate(before.sent, now.sent) };
}
