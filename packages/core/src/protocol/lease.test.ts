import fc from "fast-check";
import { expect, test } from "vitest";
import { dayMs, hourMs, minuteMs, secondMs } from "../units.ts";
import {
  beginAbsence,
  latestStartMs,
  leaseEndMs,
  lookAtAbsence,
  stopsAfterMs,
  type Absence,
  type LeasedRun,
} from "./lease.ts";
import { limits } from "./limits.ts";

const seeds = { seed: 7, numRuns: 500 };
const beginMs = 1_800_000_000_000;
/** How much of a jump may pass unnoticed: what a look may be late. */
const unseenMs = limits.leaseLookMs + limits.leaseLateMs;
const attached: LeasedRun = { isDetached: false, timeoutMs: hourMs, expiresAtMs: beginMs };

const leasedRun: fc.Arbitrary<LeasedRun> = fc.record({
  isDetached: fc.boolean(),
  timeoutMs: fc.integer({ min: 1, max: 6 * hourMs }),
  expiresAtMs: fc.integer({ min: beginMs - hourMs, max: beginMs + dayMs }),
});

/** What happens before a look: the clock jumps, or the relay is away, beyond the usual minute. */
const step = fc.record({
  jumpMs: fc.oneof(
    { weight: 6, arbitrary: fc.constant(0) },
    fc.integer({ min: -10 * 365 * dayMs, max: 10 * 365 * dayMs }),
    fc.integer({ min: -2 * minuteMs, max: 20 * minuteMs }),
  ),
  awayMs: fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, fc.integer({ min: 0, max: 5 * hourMs })),
});

/** Looks at an absence once a minute, until the run's lease is over. Returns how much time really passed. */
function playAbsence(run: LeasedRun, steps: readonly { jumpMs: number; awayMs: number }[]) {
  let realMs = 0;
  let jumpedMs = 0;
  let absence: Absence = beginAbsence(beginMs);
  for (let looks = 0; looks < 10_000; looks++) {
    const { jumpMs, awayMs } = steps[looks] ?? { jumpMs: 0, awayMs: 0 };
    jumpedMs += jumpMs;
    const dueMs = Math.min(absence.seenMs + limits.leaseLookMs, leaseEndMs(run, absence.sinceMs));
    // An alarm rings at its time by a clock that may have jumped past it.
    realMs += Math.max(0, Math.min(dueMs - (beginMs + realMs + jumpedMs), limits.leaseLookMs)) + awayMs;
    const nowMs = beginMs + realMs + jumpedMs;
    absence = lookAtAbsence(absence, nowMs);
    if (leaseEndMs(run, absence.sinceMs) <= nowMs) return { realMs, looks };
  }
  throw new Error("the lease never ends");
}

test("[F7] a lease is over only when its whole interval has passed, however the relay's clock jumps", () => {
  fc.assert(
    fc.property(leasedRun, fc.array(step, { maxLength: 30 }), (run, steps) => {
      const { realMs, looks } = playAbsence(run, steps);
      const jumps = steps.slice(0, looks + 1).filter(({ jumpMs }) => jumpMs > 0 && jumpMs <= unseenMs).length;
      const wholeMs = run.isDetached ? run.timeoutMs + limits.leaseMs : limits.leaseMs;
      expect(realMs).toBeGreaterThanOrEqual(wholeMs - jumps * unseenMs);
    }),
    seeds,
  );
});

test("[F7] time that nobody watched counts for nothing: the whole interval is granted again", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: limits.leaseMs }),
      fc.oneof(fc.integer({ max: -1, min: -20 * 365 * dayMs }), fc.integer({ min: unseenMs + 1, max: 365 * dayMs })),
      (heldMs, gapMs) => {
        const absence = { sinceMs: beginMs - heldMs, seenMs: beginMs };
        const nowMs = beginMs + gapMs;
        expect(lookAtAbsence(absence, nowMs)).toEqual(beginAbsence(nowMs));
      },
    ),
    seeds,
  );
});

test("a lease that is watched in time ends with the first look after its interval", () => {
  const { realMs } = playAbsence(attached, []);
  expect(realMs).toBe(limits.leaseMs);
});

test("[F7] a bridge has stopped a run before the relay gives up what it held, also after a jump that nobody saw", () => {
  // It may take two heartbeats of the longest kind until it knows that it has no connection, and stopping has its grace.
  const noticedMs = 2 * limits.silenceMs;
  expect(stopsAfterMs).toBeGreaterThan(minuteMs);
  expect(noticedMs + stopsAfterMs + 5 * secondMs).toBeLessThanOrEqual(limits.leaseMs - unseenMs);
});

test("[F7] nothing begins on a server after the relay has told its end", () => {
  fc.assert(
    fc.property(
      fc.boolean(),
      fc.integer({ min: 1, max: 6 * hourMs }),
      fc.integer({ min: 0, max: dayMs }),
      fc.integer({ min: 0, max: dayMs }),
      (isDetached, timeoutMs, validMs, dispatchedAfterMs) => {
        const expiresAtMs = beginMs + validMs;
        const sinceMs = beginMs + Math.min(dispatchedAfterMs, validMs);
        const detached = isDetached ? {} : { detached: false as const };
        const bounds = { timeoutMs, outputBytes: 0 };
        const command = { notBeforeMs: beginMs, expiresAtMs, limits: bounds, ...detached };
        const endMs = leaseEndMs({ isDetached, timeoutMs, expiresAtMs }, sinceMs);
        expect(latestStartMs(command)).toBeLessThanOrEqual(endMs);
      },
    ),
    seeds,
  );
});
