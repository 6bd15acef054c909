import { accept, refuse, type Result } from "../../errors/result.ts";
import { dayMs } from "../../units.ts";

/**
 * How often something may happen, as the generic cell rate algorithm counts it: one unit every `intervalUs`, and up to `burst`
 * units at once. Whole microseconds, rounded up, so that it never allows more than was asked for.
 *
 * The algorithm is the virtual scheduling form of ITU-T I.371 (ATM Forum TM 4.0, section 4.4.1): a key's one number is the
 * theoretical arrival time (TAT) of its next unit; what comes is allowed while that stays within the tolerance.
 */
export interface Rate {
  readonly intervalUs: number;
  readonly toleranceUs: number;
  readonly burst: number;
}

const longestPeriodMs = 366 * dayMs;
const largestToleranceUs = 2 ** 51;
const usPerMs = 1000;

/**
 * A rate of so many units a period.
 *
 * @param units how many in one period, at least 1 and at most one a microsecond
 * @param periodMs milliseconds, from 1 to 366 days
 * @param burst how many at once after a rest, at least 1; one period's worth unless said otherwise
 * @returns `BAD_REQUEST` for what is no whole number or outside of that
 */
export function makeRate({
  units,
  periodMs,
  burst = units,
}: {
  readonly units: number;
  readonly periodMs: number;
  readonly burst?: number;
}): Result<Rate> {
  for (const [name, value] of Object.entries({ units, periodMs, burst })) {
    if (!Number.isSafeInteger(value) || value < 1) {
      return refuse("BAD_REQUEST", `the ${name} of a rate must be a whole number of at least 1, not ${value}`);
    }
  }
  if (periodMs > longestPeriodMs) return refuse("BAD_REQUEST", "the period of a rate may be 366 days at most");
  if (units > periodMs * usPerMs) return refuse("BAD_REQUEST", "a rate may be one unit a microsecond at most");
  const intervalUs = Math.ceil((periodMs * usPerMs) / units);
  if (burst * intervalUs > largestToleranceUs) {
    return refuse("BAD_REQUEST", `a burst of ${burst} would take longer than 71 years to come back`);
  }
  return accept({ intervalUs, toleranceUs: burst * intervalUs, burst });
}

/**
 * The theoretical arrival time after `cost` units at `nowUs`. They are within the rate if it is at most `nowUs` + the rate's
 * tolerance; else the difference is how long to wait.
 *
 * @param tatUs the one before, in microseconds. One that no history of this rate leads to (the rate was higher, or the clock
 *   stepped back) counts as a burst that was just used up, so that its key is free again after the tolerance
 */
export function arrivalAfter(tatUs: number, nowUs: number, { rate, cost }: { rate: Rate; cost: number }): number {
  return clampArrival(tatUs, nowUs, rate) + cost * rate.intervalUs;
}

/** Where a key stands at `nowUs`: never before now, which is a key at rest, and never after a burst that was just used up. */
export function clampArrival(tatUs: number, nowUs: number, { toleranceUs }: Rate): number {
  return Math.max(nowUs, Math.min(tatUs, nowUs + toleranceUs));
}
