import { limits } from "@quarterdeck/core/protocol/limits";
import { hourMs } from "@quarterdeck/core/units";

/** What is remembered of a bridge that sends more than it may; it is stored with the server. */
export interface Conduct {
  /** When it did, since the last quarantine. */
  readonly rateStrikes: readonly number[];
  /** Quarantines in a row. */
  readonly quarantineLevel: number;
  readonly quarantinedUntilMs: number;
}

export const goodConduct: Conduct = { rateStrikes: [], quarantineLevel: 0, quarantinedUntilMs: 0 };

/** A quarantine that ended this long ago no longer makes the next one longer. */
const forgivenAfterMs = hourMs;

/** A bridge sent more than it may once more. One that repeats it is quarantined, longer each time (PROTOCOL 7.3). */
export function strike(conduct: Conduct, nowMs: number): Conduct {
  const recent = conduct.rateStrikes.filter((atMs) => Math.abs(nowMs - atMs) < limits.rateStrikesWindowMs);
  const rateStrikes = [...recent, nowMs];
  if (rateStrikes.length < limits.rateStrikes) return { ...conduct, rateStrikes };
  const isForgiven = nowMs - conduct.quarantinedUntilMs > forgivenAfterMs;
  const level = isForgiven ? 0 : conduct.quarantineLevel;
  const lastsMs = Math.min(limits.longestQuarantineMs, limits.firstQuarantineMs * 2 ** Math.min(level, 20));
  return { rateStrikes: [], quarantineLevel: level + 1, quarantinedUntilMs: nowMs + lastsMs };
}

/** How long the quarantine still lasts; 0 when there is none. A clock that steps back makes it no longer than the longest. */
export function quarantineLeftMs({ quarantinedUntilMs }: Conduct, nowMs: number): number {
  return Math.min(limits.longestQuarantineMs, Math.max(0, quarantinedUntilMs - nowMs));
}
