import fc from "fast-check";
import { expect, it } from "vitest";
import { dayMs, hourMs } from "../../units.ts";
import { Budget, budgetRuleSchema, budgetSnapshotSchema, type BudgetRule, type BudgetUnit } from "./budget.ts";

const tokens: BudgetUnit = { kind: "tokens" };
const rule: BudgetRule = { period: "day", timeZone: "UTC", unit: tokens, limit: 100 };
const noon = Date.UTC(2026, 10, 22, 12);
const tomorrow = noon + dayMs;

function reserve(budget: Budget, id: string, amount: number, nowMs = noon) {
  const made = budget.reserve({ id, amount, unit: tokens }, nowMs);
  return made.ok ? made.value.name : made.error.code;
}

function settle(budget: Budget, id: string, used: number) {
  const done = budget.settle(id, used);
  return done.ok ? "done" : done.error.code;
}

const ids = fc.integer({ min: 0, max: 15 }).map(String);
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("reserve" as const), id: ids, amount: fc.nat(60) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("settle" as const), id: ids, amount: fc.nat(80) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("clock" as const),
      byMs: fc.integer({ min: -3 * dayMs, max: 2 * dayMs }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("limit" as const), limit: fc.nat(150) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("zone" as const),
      zone: fc.constantFrom("UTC", "Asia/Tokyo", "America/New_York"),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("restore" as const) }) },
);

it("never promises above the limit, counts each reservation once and in the window it was made in, and never goes back", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      let budget = Budget.open(rule, noon);
      let nowMs = noon;
      let limit = rule.limit;
      let newestStartMs = 0;
      /** What the caller knows: by window, the open amounts and the settled sum. */
      const open = new Map<string, { amount: number; startMs: number }>();
      const used = new Map<number, number>();
      for (const s of steps) {
        if (s.kind === "clock") nowMs = Math.max(0, nowMs + s.byMs);
        else if (s.kind === "limit") {
          budget.setLimit(s.limit);
          limit = s.limit;
        } else if (s.kind === "zone") budget.setTimeZone(s.zone, nowMs);
        else if (s.kind === "restore") {
          budget = Budget.restore(budgetSnapshotSchema.parse(JSON.parse(JSON.stringify(budget.snapshot()))));
        } else if (s.kind === "reserve") {
          const before = budget.standing(nowMs);
          const made = budget.reserve({ id: s.id, amount: s.amount, unit: tokens }, nowMs);
          const held = open.get(s.id);
          if (held) expect(made.ok).toBe(held.amount === s.amount);
          else if (made.ok) {
            expect(before.used + before.reserved + s.amount).toBeLessThanOrEqual(
              Math.max(limit, before.used + before.reserved),
            );
            expect(made.value).toEqual(before.window);
            open.set(s.id, { amount: s.amount, startMs: made.value.startMs });
          } else if (made.error.code === "QUOTA_EXCEEDED") expect(s.amount).toBeGreaterThan(before.left);
          if (!made.ok) expect(budget.standing(nowMs)).toEqual(before);
        } else {
          const held = open.get(s.id);
          const done = budget.settle(s.id, s.amount);
          if (held) {
            expect(done.ok).toBe(true);
            open.delete(s.id);
            used.set(held.startMs, (used.get(held.startMs) ?? 0) + s.amount);
          }
        }
        const standing = budget.standing(nowMs);
        expect(standing.window.startMs).toBeGreaterThanOrEqual(newestStartMs);
        newestStartMs = standing.window.startMs;
        expect(standing.left).toBe(Math.max(0, limit - standing.used - standing.reserved));
        expect(standing.over).toBe(Math.max(0, standing.used + standing.reserved - limit));
        for (const { window, used: ofWindow, reserved } of budget.snapshot().tallies) {
          expect(ofWindow).toBe(used.get(window.startMs) ?? 0);
          const promised = [...open.values()].filter(({ startMs }) => startMs === window.startMs);
          expect(reserved).toBe(promised.reduce((sum, { amount }) => sum + amount, 0));
        }
      }
    }),
  );
});

it("reserves, then settles with what it took, and gives the rest back", () => {
  const budget = Budget.open(rule, noon);
  expect(reserve(budget, "a", 60)).toBe("2026-11-22");
  expect(reserve(budget, "b", 41)).toBe("QUOTA_EXCEEDED");
  expect(reserve(budget, "b", 40)).toBe("2026-11-22");
  expect(budget.standing(noon)).toMatchObject({ used: 0, reserved: 100, left: 0, over: 0 });
  expect(settle(budget, "a", 10)).toBe("done");
  expect(settle(budget, "b", 0)).toBe("done");
  expect(budget.standing(noon)).toMatchObject({ used: 10, reserved: 0, left: 90 });
});

it("records what was used above the promise, and refuses until there is room", () => {
  const budget = Budget.open(rule, noon);
  reserve(budget, "a", 10);
  expect(settle(budget, "a", 130)).toBe("done");
  expect(budget.standing(noon)).toMatchObject({ used: 130, left: 0, over: 30 });
  expect(reserve(budget, "b", 1)).toBe("QUOTA_EXCEEDED");
  expect(reserve(budget, "c", 0)).toBe("2026-11-22");
  expect(reserve(budget, "b", 1, tomorrow)).toBe("2026-11-23");
});

it("resolves each reservation once", () => {
  const budget = Budget.open(rule, noon);
  expect(settle(budget, "a", 1)).toBe("NOT_FOUND");
  expect([reserve(budget, "a", 50), reserve(budget, "a", 50), reserve(budget, "a", 51)]).toEqual([
    "2026-11-22",
    "2026-11-22",
    "CONFLICT",
  ]);
  expect(budget.standing(noon).reserved).toBe(50);
  expect([settle(budget, "a", 20), settle(budget, "a", 20), settle(budget, "a", 21)]).toEqual([
    "done",
    "done",
    "ALREADY_ENDED",
  ]);
  expect(reserve(budget, "a", 50)).toBe("ALREADY_ENDED");
  expect(budget.standing(noon)).toMatchObject({ used: 20, reserved: 0 });
});

it("counts a reservation where it was made, also when it is settled in the next window", () => {
  const budget = Budget.open(rule, noon);
  reserve(budget, "late", 70);
  expect(budget.standing(tomorrow)).toMatchObject({ used: 0, reserved: 0, left: 100 });
  expect(reserve(budget, "late", 70, tomorrow)).toBe("2026-11-22");
  expect(settle(budget, "late", 90)).toBe("done");
  const [first, second] = budget.snapshot().tallies;
  expect(first).toMatchObject({ window: { name: "2026-11-22" }, used: 90, reserved: 0 });
  expect(second).toMatchObject({ window: { name: "2026-11-23" }, used: 0, reserved: 0 });
});

it("keeps a closed window while something of it is open, and what is settled for one window more", () => {
  const budget = Budget.open(rule, noon);
  reserve(budget, "open", 1);
  reserve(budget, "settled", 1);
  settle(budget, "settled", 1);
  const names = () => budget.snapshot().tallies.map(({ window }) => window.name);
  budget.standing(tomorrow);
  expect(names()).toEqual(["2026-11-22", "2026-11-23"]);
  expect(settle(budget, "settled", 1)).toBe("done");
  budget.standing(tomorrow + dayMs);
  expect(names()).toEqual(["2026-11-22", "2026-11-23", "2026-11-24"]);
  expect(settle(budget, "settled", 1)).toBe("NOT_FOUND");
  budget.standing(tomorrow + 2 * dayMs);
  expect(names()).toEqual(["2026-11-22", "2026-11-24", "2026-11-25"]);
  expect(settle(budget, "open", 1)).toBe("done");
  budget.standing(tomorrow + 9 * dayMs);
  expect(names()).toEqual(["2026-11-25", "2026-12-02"]);
  expect(budget.snapshot().reservations).toEqual([]);
});

it("skips the windows that nobody used", () => {
  const midnight = Date.UTC(2026, 10, 24);
  const nameAt = (nowMs: number) => Budget.open(rule, noon).standing(nowMs).window.name;
  expect([midnight - 1, midnight, midnight + 400 * dayMs].map(nameAt)).toEqual([
    "2026-11-23",
    "2026-11-24",
    "2027-12-29",
  ]);
});

it("opens no closed window again when the clock goes backwards", () => {
  const budget = Budget.open(rule, tomorrow);
  reserve(budget, "a", 100, tomorrow);
  for (const backMs of [1, 13 * hourMs, 400 * dayMs]) {
    expect(reserve(budget, "b", 1, tomorrow - backMs)).toBe("QUOTA_EXCEEDED");
    expect(budget.standing(tomorrow - backMs).window.name).toBe("2026-11-23");
  }
  expect(reserve(budget, "b", 1, Date.UTC(2026, 10, 24) - 1)).toBe("QUOTA_EXCEEDED");
  expect(reserve(budget, "b", 1, Date.UTC(2026, 10, 24))).toBe("2026-11-24");
});

it("lets the current window end as it began when the time zone changes, and has no budget twice for it", () => {
  const budget = Budget.open(rule, noon);
  reserve(budget, "a", 100);
  const midnight = Date.UTC(2026, 10, 23);
  expect(budget.setTimeZone("Asia/Tokyo", noon).ok).toBe(true);
  expect(reserve(budget, "b", 1, midnight - 1)).toBe("QUOTA_EXCEEDED");
  // 09:00 in Tokyo: the rest of this day and the whole next one have one budget.
  expect(reserve(budget, "b", 100, midnight)).toBe("2026-11-24");
  expect(reserve(budget, "c", 1, Date.UTC(2026, 10, 24, 14, 59))).toBe("QUOTA_EXCEEDED");
  expect(reserve(budget, "c", 1, Date.UTC(2026, 10, 24, 15))).toBe("2026-11-25");
  expect(budget.setTimeZone("Nowhere/Else", noon)).toMatchObject({ error: { code: "BAD_REQUEST" } });
  expect(budget.snapshot().rule.timeZone).toBe("Asia/Tokyo");
});

it("closes the window that is over in the old zone before the zone changes", () => {
  const budget = Budget.open(rule, noon);
  budget.setTimeZone("Asia/Tokyo", tomorrow);
  expect(budget.standing(tomorrow).window).toEqual({
    name: "2026-11-23",
    startMs: Date.UTC(2026, 10, 23),
    endMs: Date.UTC(2026, 10, 24),
  });
});

it("is lowered below what is used: nothing is taken away, and what is over is shown", () => {
  const budget = Budget.open(rule, noon);
  reserve(budget, "a", 80);
  expect(budget.setLimit(50).ok).toBe(true);
  expect(budget.standing(noon)).toMatchObject({ limit: 50, reserved: 80, left: 0, over: 30 });
  expect(settle(budget, "a", 80)).toBe("done");
  for (const bad of [-1, 0.5, Number.NaN, Infinity, 2 ** 53]) {
    expect(budget.setLimit(bad)).toMatchObject({ error: { code: "BAD_REQUEST" } });
  }
  expect(budget.setLimit(0).ok).toBe(true);
  expect(reserve(budget, "b", 1)).toBe("QUOTA_EXCEEDED");
});

it("says what was asked, what is left and until when, in the budget's unit", () => {
  const why = (unit: BudgetUnit, limit: number, amount: number) => {
    const budget = Budget.open({ ...rule, unit, limit }, noon);
    budget.reserve({ id: "a", amount: 1, unit }, noon);
    const made = budget.reserve({ id: "b", amount, unit }, noon);
    return made.ok ? made.value : made.error.message;
  };
  expect(why(tokens, 100, 100)).toBe(
    "100 tokens asked of 100 tokens a day: 99 tokens left until 2026-11-23T00:00:00.000Z",
  );
  expect(why(tokens, 100, 101)).toBe("101 tokens asked of 100 tokens a day: more than the whole limit");
  expect(why({ kind: "bytes" }, 1e9, 1e9)).toContain("1G asked of 1G a day: 999999999 left until");
  expect(why({ kind: "money", currency: "EUR" }, 5_000_000, 5_000_000)).toContain(
    "5.00 EUR asked of 5.00 EUR a day: 4.999999 EUR left until",
  );
});

it("refuses amounts that are none, and those in another unit", () => {
  const budget = Budget.open(
    { ...rule, unit: { kind: "money", currency: "EUR" }, limit: Number.MAX_SAFE_INTEGER },
    noon,
  );
  const ask = (amount: number, unit: BudgetUnit) => {
    const made = budget.reserve({ id: "a", amount, unit }, noon);
    return made.ok ? "accepted" : made.error.message;
  };
  const euro: BudgetUnit = { kind: "money", currency: "EUR" };
  for (const bad of [-1, 0.5, Number.NaN, Infinity, 2 ** 53]) {
    expect(ask(bad, euro)).toBe(`an amount must be a whole number from 0, in all at most 2^53 − 1, not ${bad}`);
  }
  expect(ask(1, { kind: "money", currency: "USD" })).toBe("this budget is in EUR, not in USD");
  expect(ask(1, tokens)).toBe("this budget is in EUR, not in tokens");
  expect(ask(5, euro)).toBe("accepted");
  for (const bad of [-1, 0.5, Number.NaN, 2 ** 53]) expect(settle(budget, "a", bad)).toBe("BAD_REQUEST");
  expect(settle(budget, "a", Number.MAX_SAFE_INTEGER)).toBe("done");
  budget.reserve({ id: "b", amount: 0, unit: euro }, noon);
  expect(settle(budget, "b", 1)).toBe("BAD_REQUEST");
  expect(settle(budget, "b", 0)).toBe("done");
  for (const bad of [Number.NaN, Infinity]) expect(() => budget.standing(bad)).toThrow(RangeError);
  expect(budget.standing(noon).used).toBe(Number.MAX_SAFE_INTEGER);
});

it("has a schema for what is stored", () => {
  expect(budgetRuleSchema.parse(rule)).toEqual(rule);
  for (const bad of [
    { limit: -1 },
    { limit: 0.5 },
    { unit: { kind: "money", currency: "eur" } },
    { unit: { kind: "money" } },
  ]) {
    expect(budgetRuleSchema.safeParse({ ...rule, ...bad }).success).toBe(false);
  }
  const snapshot = Budget.open(rule, noon).snapshot();
  expect(budgetSnapshotSchema.parse(snapshot)).toEqual(snapshot);
  expect(budgetSnapshotSchema.safeParse({ ...snapshot, tallies: [] }).success).toBe(false);
});
