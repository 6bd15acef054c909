import fc from "fast-check";
import { expect, it } from "vitest";
import { makeRate, type Rate } from "./gcra.ts";
import { RateTable, type RateClaim } from "./rate-table.ts";

function rateOf(units: number, periodMs: number, burst: number): Rate {
  const made = makeRate({ units, periodMs, burst });
  if (!made.ok) throw new Error(made.error.message);
  return made.value;
}

const keys = ["a", "b", "c", "d", "e", "f"];
/** Each key keeps its rate, as users and orgs do. */
const rates: Readonly<Record<string, Rate>> = {
  a: rateOf(1, 1, 3),
  b: rateOf(3, 7, 5),
  c: rateOf(1, 10, 1),
  d: rateOf(7, 3, 20),
  e: rateOf(2, 5, 4),
  f: rateOf(1, 4, 2),
};
const claim = fc.record({ key: fc.constantFrom(...keys), cost: fc.integer({ min: 1, max: 4 }) });
const step = fc.record({
  asked: fc.uniqueArray(claim, { minLength: 1, maxLength: 3, selector: ({ key }) => key }),
  forwardMs: fc.oneof(fc.nat(3), fc.nat(3), fc.nat(40)),
  backMs: fc.oneof(fc.constant(0), fc.constant(0), fc.nat(100)),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function claimsOf(asked: Step["asked"]): RateClaim[] {
  return asked.map(({ key, cost }) => ({ key, cost, rate: rates[key] as Rate }));
}

/** The slow and obvious version: a bucket for each key that leaks one unit an interval, in exact integers. */
class Buckets {
  readonly #level = new Map<string, { usedUs: bigint; atUs: bigint }>();

  #used(key: string, nowUs: bigint): bigint {
    const bucket = this.#level.get(key);
    if (!bucket) return 0n;
    const left = bucket.usedUs - (nowUs - bucket.atUs);
    return left > 0n ? left : 0n;
  }

  fits(claims: readonly RateClaim[], nowUs: bigint): boolean {
    return claims.every(
      ({ key, rate, cost = 1 }) =>
        this.#used(key, nowUs) + BigInt(cost * rate.intervalUs) <= BigInt(rate.burst * rate.intervalUs),
    );
  }

  /** How many keys have not all of their burst. */
  countUsed(nowUs: bigint): number {
    return keys.filter((key) => this.#used(key, nowUs) > 0n).length;
  }

  charge(claims: readonly RateClaim[], nowUs: bigint): void {
    for (const { key, rate, cost = 1 } of claims) {
      this.#level.set(key, { usedUs: this.#used(key, nowUs) + BigInt(cost * rate.intervalUs), atUs: nowUs });
    }
  }
}

/** Plays steps; the elapsed time counts only what the readings of the clock go forward. */
function* play(steps: readonly Step[]): Generator<{ claims: RateClaim[]; nowMs: number; elapsedUs: bigint }> {
  let nowMs = 1000;
  let lastMs = nowMs;
  let elapsedUs = 0n;
  for (const { asked, forwardMs, backMs } of steps) {
    nowMs += forwardMs;
    elapsedUs += BigInt(Math.max(0, nowMs - lastMs)) * 1000n;
    lastMs = nowMs;
    yield { claims: claimsOf(asked), nowMs, elapsedUs };
    nowMs = Math.max(0, nowMs - backMs);
  }
}

const history = fc.array(step, { maxLength: 80 });

it("decides as leaky buckets do, for keys and hierarchies, whatever the clock does", () => {
  fc.assert(
    fc.property(history, (steps) => {
      const table = new RateTable(100);
      const model = new Buckets();
      for (const { claims, nowMs, elapsedUs } of play(steps)) {
        const fits = model.fits(claims, elapsedUs);
        expect(table.check(claims, nowMs).isAllowed).toBe(fits);
        if (fits) model.charge(claims, elapsedUs);
      }
    }),
  );
});

it("allows in no stretch of time more than the burst and what comes back in it", () => {
  fc.assert(
    fc.property(history, (steps) => {
      const table = new RateTable(100);
      const log: { key: string; cost: number; atUs: number }[] = [];
      for (const { claims, nowMs, elapsedUs } of play(steps)) {
        if (!table.check(claims, nowMs).isAllowed) continue;
        for (const { key, cost = 1 } of claims) log.push({ key, cost, atUs: Number(elapsedUs) });
      }
      for (const [from, { key, atUs }] of log.entries()) {
        const { burst, intervalUs } = rates[key] as Rate;
        let used = 0;
        for (const later of log.slice(from)) {
          if (later.key !== key) continue;
          used += later.cost;
          expect(used).toBeLessThanOrEqual(burst + Math.floor((later.atUs - atUs) / intervalUs));
        }
      }
    }),
  );
});

it("gives nobody more when the clock goes backwards", () => {
  fc.assert(
    fc.property(history, (steps) => {
      const stepped = new RateTable(100);
      const steady = new RateTable(100);
      for (const { claims, nowMs, elapsedUs } of play(steps)) {
        expect(stepped.check(claims, nowMs)).toEqual(steady.check(claims, Number(elapsedUs) / 1000));
      }
    }),
  );
});

it("charges nobody when one refuses", () => {
  fc.assert(
    fc.property(history, (steps) => {
      const table = new RateTable(100);
      for (const { claims, nowMs } of play(steps)) {
        const standings = () => keys.map((key) => table.standing(key, rates[key] as Rate, nowMs));
        const before = standings();
        const { isAllowed } = table.check(claims, nowMs);
        const after = standings();
        for (const [i, key] of keys.entries()) {
          const cost = claims.find((other) => other.key === key)?.cost ?? 0;
          expect(after[i]?.remaining).toBe((before[i]?.remaining ?? 0) - (isAllowed ? cost : 0));
        }
      }
    }),
  );
});

it("says exactly when to try again, and what is left", () => {
  fc.assert(
    fc.property(history, (steps) => {
      const table = new RateTable(100);
      const asked: RateClaim[][] = [];
      for (const { claims, nowMs } of play(steps)) {
        const verdict = table.check(claims, nowMs);
        asked.push(claims);
        const { key, rate } = claims[0] as RateClaim;
        const { remaining, nextMs } = table.standing(key, rate, nowMs);
        expect(remaining).toBeGreaterThanOrEqual(0);
        expect(remaining).toBeLessThanOrEqual(rate.burst);
        expect(nextMs === 0).toBe(remaining === rate.burst);
        if (verdict.isAllowed) continue;
        const refused = claims[verdict.refusedBy];
        if (verdict.reason === "cost") {
          expect(verdict.retryAfterMs).toBeNull();
          expect(refused?.cost).toBeGreaterThan(refused?.rate.burst ?? Infinity);
          continue;
        }
        expect(verdict.reason).toBe("rate");
        const waitMs = verdict.retryAfterMs ?? Number.NaN;
        expect(waitMs).toBeGreaterThan(0);
        // Played again up to here: one millisecond too early is refused, in time is allowed.
        for (const [laterMs, isAllowed] of [
          [waitMs - 1, false],
          [waitMs, true],
        ] as const) {
          const replayed = new RateTable(100);
          let index = 0;
          for (const again of play(steps)) {
            if (index++ === asked.length) break;
            replayed.check(again.claims, again.nowMs);
          }
          expect(replayed.check(claims, nowMs + laterMs).isAllowed).toBe(isAllowed);
        }
      }
    }),
    { numRuns: 30 },
  );
});

it("is one more when it said so", () => {
  const table = new RateTable(1);
  const rate = rateOf(3, 1000, 3);
  for (let n = 0; n < 3; n++) table.check([{ key: "a", rate }], 50);
  expect(table.standing("a", rate, 50)).toEqual({ remaining: 0, nextMs: 334 });
  expect(table.standing("a", rate, 383)).toEqual({ remaining: 0, nextMs: 1 });
  expect(table.standing("a", rate, 384)).toEqual({ remaining: 1, nextMs: 333 });
  expect(table.standing("a", rate, 2000)).toEqual({ remaining: 3, nextMs: 0 });
  expect(table.standing("unknown", rate, 2000)).toEqual({ remaining: 3, nextMs: 0 });
});

it("keeps no more keys than it has places, and forgets none that forgetting would grant something", () => {
  fc.assert(
    fc.property(history, fc.integer({ min: 1, max: 4 }), (steps, capacity) => {
      const table = new RateTable(capacity);
      const model = new Buckets();
      for (const { claims, nowMs, elapsedUs } of play(steps)) {
        const verdict = table.check(claims, nowMs);
        expect(table.size).toBeLessThanOrEqual(capacity);
        const fits = model.fits(claims, elapsedUs);
        if (verdict.isAllowed) {
          expect(fits).toBe(true);
          model.charge(claims, elapsedUs);
        } else if (verdict.reason === "full") {
          expect(verdict.retryAfterMs).toBeGreaterThan(0);
          const held = model.countUsed(elapsedUs) + verdict.refusedBy; // The claims before it had places for a moment.
          expect(held).toBeGreaterThanOrEqual(capacity);
        } else expect(fits).toBe(false);
      }
    }),
  );
});

it("refuses new keys while every place is taken by one that is not at rest, and known ones go on", () => {
  const rate = rateOf(1, 10, 2);
  const table = new RateTable(3);
  for (const key of ["a", "b", "c"]) table.check([{ key, rate }], 100);
  expect(table.check([{ key: "d", rate }], 105)).toEqual({
    isAllowed: false,
    reason: "full",
    refusedBy: 0,
    retryAfterMs: 5,
  });
  expect(
    table.check(
      [
        { key: "a", rate },
        { key: "d", rate },
      ],
      105,
    ),
  ).toMatchObject({ reason: "full", refusedBy: 1 });
  expect(table.standing("a", rate, 105).remaining).toBe(1);
  expect(table.check([{ key: "a", rate }], 105).isAllowed).toBe(true);
  expect(table.check([{ key: "d", rate }], 110).isAllowed).toBe(true);
  expect(table.check([{ key: "e", rate }], 110).isAllowed).toBe(true);
  expect(table.check([{ key: "f", rate }], 110)).toMatchObject({ reason: "full" });
  expect(table.size).toBe(3);
  expect(table.standing("a", rate, 110).remaining).toBe(1);
});

it("says in whole milliseconds, and never too early, when there is a place", () => {
  const rate = rateOf(3, 1000, 3);
  const table = new RateTable(1);
  table.check([{ key: "a", rate }], 0);
  expect(table.check([{ key: "b", rate }], 0)).toMatchObject({ reason: "full", retryAfterMs: 334 });
  expect(table.check([{ key: "b", rate }], 333)).toMatchObject({ reason: "full", retryAfterMs: 1 });
  expect(table.check([{ key: "b", rate }], 334)).toEqual({ isAllowed: true });
});

it("grows to thousands of keys and keeps each one apart", () => {
  const rate = rateOf(1, 1000, 2);
  const table = new RateTable(5000);
  for (let n = 0; n < 5000; n++)
    expect(table.check([{ key: `key-${n}`, rate, cost: 1 + (n % 2) }], 0).isAllowed).toBe(true);
  for (let n = 0; n < 5000; n++) expect(table.standing(`key-${n}`, rate, 0).remaining).toBe(1 - (n % 2));
  expect(table.size).toBe(5000);
  expect(table.check([{ key: "one more", rate }], 0)).toMatchObject({ reason: "full" });
  // Those that used one unit are at rest again after its interval; the new keys take their places only.
  for (let n = 0; n < 2500; n++) expect(table.check([{ key: `new-${n}`, rate }], 1000).isAllowed).toBe(true);
  expect(table.check([{ key: "one more", rate }], 1000)).toMatchObject({ reason: "full", retryAfterMs: 1000 });
  for (let n = 1; n < 5000; n += 2) expect(table.standing(`key-${n}`, rate, 1000).remaining).toBe(1);
});

it("looks at a bounded number of places for a new key, and at the next ones for the next", () => {
  const rate = rateOf(1, 1000, 2);
  const table = new RateTable(8192);
  for (let n = 0; n < 8192; n++) table.check([{ key: `key-${n}`, rate, cost: n < 4096 ? 2 : 1 }], 0);
  expect(table.check([{ key: "new", rate }], 1000)).toMatchObject({ reason: "full", retryAfterMs: 1 });
  expect(table.check([{ key: "new", rate }], 1000)).toEqual({ isAllowed: true });
});

it("counts a key that is claimed twice in one check twice, or not at all", () => {
  const rate = rateOf(1, 10, 3);
  const table = new RateTable(10);
  const twice = [
    { key: "a", rate, cost: 2 },
    { key: "a", rate, cost: 2 },
  ];
  expect(table.check(twice, 0)).toMatchObject({ isAllowed: false, retryAfterMs: 10, refusedBy: 1 });
  expect(table.standing("a", rate, 0).remaining).toBe(3);
  expect(table.check([{ key: "a", rate, cost: 3 }], 0).isAllowed).toBe(true);
});

it("waits no longer than the new burst when a key's rate was lowered", () => {
  const table = new RateTable(10);
  const slow = rateOf(1, 1_000_000, 100);
  const fast = rateOf(1, 10, 3);
  table.check([{ key: "a", rate: slow, cost: 100 }], 0);
  expect(table.check([{ key: "a", rate: fast }], 5)).toMatchObject({ isAllowed: false, retryAfterMs: 10 });
  expect(table.check([{ key: "a", rate: fast }], 14).isAllowed).toBe(false);
  expect(table.check([{ key: "a", rate: fast }], 15).isAllowed).toBe(true);
});

it("lets the claim that waits longest say when", () => {
  const table = new RateTable(10);
  const quick = rateOf(1, 10, 1);
  const slow = rateOf(1, 50, 1);
  const claims = [
    { key: "q1", rate: quick },
    { key: "s", rate: slow },
    { key: "q2", rate: quick },
  ];
  expect(table.check(claims, 0)).toEqual({ isAllowed: true });
  expect(table.check(claims, 0)).toEqual({ isAllowed: false, reason: "rate", refusedBy: 1, retryAfterMs: 50 });
  expect(table.check([], 0)).toEqual({ isAllowed: true });
});

it("refuses costs, times and sizes that are none, and charges nothing for them", () => {
  const rate = rateOf(1, 10, 2);
  const table = new RateTable(10);
  for (const cost of [0, -1, 0.5, Number.NaN, Infinity, 2 ** 53]) {
    expect(() =>
      table.check(
        [
          { key: "a", rate },
          { key: "b", rate, cost },
        ],
        0,
      ),
    ).toThrow(RangeError);
  }
  for (const bad of [-1, Number.NaN, Infinity]) {
    expect(() => table.check([{ key: "a", rate }], bad)).toThrow(RangeError);
    expect(() => table.standing("a", rate, bad)).toThrow(RangeError);
  }
  expect(table.standing("a", rate, 0).remaining).toBe(2);
  expect(
    table.check(
      [
        { key: "a", rate },
        { key: "b", rate, cost: 3 },
      ],
      0,
    ),
  ).toEqual({
    isAllowed: false,
    reason: "cost",
    refusedBy: 1,
    retryAfterMs: null,
  });
  expect(table.size).toBe(0);
  for (const bad of [0, -1, 0.5, Number.NaN, Infinity, 2 ** 24 + 1])
    expect(() => new RateTable(bad)).toThrow(RangeError);
  expect(new RateTable(2 ** 24).size).toBe(0);
});
