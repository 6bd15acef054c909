import fc from "fast-check";
import { expect, it } from "vitest";
import { dayMs } from "../../units.ts";
import { arrivalAfter, clampArrival, makeRate, type Rate } from "./gcra.ts";

function rateOf(units: number, periodMs: number, burst?: number): Rate {
  const made = makeRate({ units, periodMs, ...(burst === undefined ? {} : { burst }) });
  if (!made.ok) throw new Error(made.error.message);
  return made.value;
}

it("is one unit an interval, and a period's worth at once", () => {
  expect(rateOf(100, 60_000)).toEqual({ intervalUs: 600_000, toleranceUs: 60_000_000, burst: 100 });
  expect(rateOf(1, 1, 5)).toEqual({ intervalUs: 1000, toleranceUs: 5000, burst: 5 });
  expect(rateOf(1000, 1)).toEqual({ intervalUs: 1, toleranceUs: 1000, burst: 1000 });
  expect(rateOf(1, 366 * dayMs).intervalUs).toBe(366 * dayMs * 1000);
});

it("never allows more than was asked for, and less by under a microsecond a unit", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 366 * dayMs }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (periodMs, share) => {
        const units = Math.max(1, Math.min(1e6, Math.floor(share * periodMs * 1000)));
        const { intervalUs } = rateOf(units, periodMs, 1);
        const exact = BigInt(periodMs) * 1000n;
        expect(BigInt(intervalUs) * BigInt(units) >= exact).toBe(true);
        expect(BigInt(intervalUs - 1) * BigInt(units) < exact).toBe(true);
      },
    ),
  );
});

it("refuses what is no rate, and says what is wrong", () => {
  const why = (rate: Parameters<typeof makeRate>[0]) => {
    const made = makeRate(rate);
    return made.ok ? "accepted" : `${made.error.code} ${made.error.message}`;
  };
  for (const bad of [0, -1, 0.5, Number.NaN, Infinity, 2 ** 53]) {
    const must = (name: string) => `BAD_REQUEST the ${name} of a rate must be a whole number of at least 1, not ${bad}`;
    expect(why({ units: bad, periodMs: 1000 })).toBe(must("units"));
    expect(why({ units: 1, periodMs: bad })).toBe(must("periodMs"));
    expect(why({ units: 1, periodMs: 1000, burst: bad })).toBe(must("burst"));
  }
  expect(why({ units: 1001, periodMs: 1 })).toBe("BAD_REQUEST a rate may be one unit a microsecond at most");
  expect(why({ units: 1, periodMs: 366 * dayMs + 1 })).toBe("BAD_REQUEST the period of a rate may be 366 days at most");
  expect(why({ units: 1, periodMs: 1, burst: 2 ** 51 })).toBe(
    `BAD_REQUEST a burst of ${2 ** 51} would take longer than 71 years to come back`,
  );
  expect(why({ units: 1000, periodMs: 1, burst: 2 ** 51 })).toBe("accepted");
  expect(why({ units: 1000, periodMs: 1, burst: 2 ** 51 + 1 })).toContain("71 years");
});

it("starts from now after a rest, and from the last arrival before", () => {
  const rate = rateOf(1, 1, 10);
  expect(arrivalAfter(0, 5000, { rate, cost: 1 })).toBe(6000);
  expect(arrivalAfter(5000, 5000, { rate, cost: 1 })).toBe(6000);
  expect(arrivalAfter(7000, 5000, { rate, cost: 3 })).toBe(10_000);
});

it("takes an arrival that is too far ahead for a burst that was just used up", () => {
  const rate = rateOf(1, 1, 10);
  expect(clampArrival(15_000, 5000, rate)).toBe(15_000);
  expect(clampArrival(15_001, 5000, rate)).toBe(15_000);
  expect(clampArrival(Number.MAX_SAFE_INTEGER, 5000, rate)).toBe(15_000);
  expect(arrivalAfter(Number.MAX_SAFE_INTEGER, 5000, { rate, cost: 1 })).toBe(16_000);
});
