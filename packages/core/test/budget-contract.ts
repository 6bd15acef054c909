import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { BudgetRule, BudgetUnit } from "../src/quota/budgets/budget-rule.ts";
import { dayMs, hourMs } from "../src/units.ts";
import { openInMemory, tokens, type BudgetUnderTest, type OpenBudget } from "./budget-under-test.ts";
import "./property-seed.ts";

const rule: BudgetRule = { period: "day", timeZone: "UTC", unit: tokens, limit: 100 };
const noon = Date.UTC(2026, 10, 22, 12);
const tomorrow = noon + dayMs;

async function reserve(budget: BudgetUnderTest, id: string, amount: number, nowMs = noon) {
  const made = await budget.reserve({ id, amount, unit: tokens }, nowMs);
  return made.ok ? made.value.name : made.error.code;
}

async function settle(budget: BudgetUnderTest, id: string, used: number) {
  const done = await budget.settle(id, used);
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

type Step = typeof step extends fc.Arbitrary<infer One> ? One : never;

/**
 * What every form of a budget promises (see `Budget`), as tests.
 *
 * @param histories how many random histories are tried
 */
export function describeBudget(name: string, { open, histories }: { open: OpenBudget; histories: number }): void {
  describe(`the budget ${name}`, () => {
    it("never promises above the limit, counts each reservation once and in the window it was made in, and never goes back", async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
          await using budget = await open(rule, noon);
          let nowMs = noon;
          let limit = rule.limit;
          let newestStartMs = 0;
          /** What the caller knows: by window, the open amounts and the settled sum. */
          const promised = new Map<string, { amount: number; startMs: number }>();
          const used = new Map<number, number>();
          for (const s of steps) {
            if (s.kind === "clock") nowMs = Math.max(0, nowMs + s.byMs);
            else if (s.kind === "limit") {
              await budget.setLimit(s.limit);
              limit = s.limit;
            } else if (s.kind === "zone") await budget.setTimeZone(s.zone, nowMs);
            else if (s.kind === "restore") {
              await budget.restart();
            } else if (s.kind === "reserve") {
              const before = await budget.standing(nowMs);
              const made = await budget.reserve({ id: s.id, amount: s.amount, unit: tokens }, nowMs);
              const held = promised.get(s.id);
              if (held) expect(made.ok).toBe(held.amount === s.amount);
              else if (made.ok) {
                expect(before.used + before.reserved + s.amount).toBeLessThanOrEqual(
                  Math.max(limit, before.used + before.reserved),
                );
                expect(made.value).toEqual(before.window);
                promised.set(s.id, { amount: s.amount, startMs: made.value.startMs });
              } else if (made.error.code === "QUOTA_EXCEEDED") expect(s.amount).toBeGreaterThan(before.left);
              if (!made.ok) expect(await budget.standing(nowMs)).toEqual(before);
            } else {
              const held = promised.get(s.id);
              const done = await budget.settle(s.id, s.amount);
              if (held) {
                expect(done.ok).toBe(true);
                promised.delete(s.id);
                used.set(held.startMs, (used.get(held.startMs) ?? 0) + s.amount);
              }
            }
            const standing = await budget.standing(nowMs);
            expect(standing.window.startMs).toBeGreaterThanOrEqual(newestStartMs);
            newestStartMs = standing.window.startMs;
            expect(standing.left).toBe(Math.max(0, limit - standing.used - standing.reserved));
            expect(standing.over).toBe(Math.max(0, standing.used + standing.reserved - limit));
            for (const { window, used: ofWindow, reserved } of (await budget.snapshot()).tallies) {
              expect(ofWindow).toBe(used.get(window.startMs) ?? 0);
              const ofWindowOnly = [...promised.values()].filter(({ startMs }) => startMs === window.startMs);
              expect(reserved).toBe(ofWindowOnly.reduce((sum, { amount }) => sum + amount, 0));
            }
          }
        }),
        { numRuns: histories },
      );
    });

    it("reserves, then settles with what it took, and gives the rest back", async () => {
      await using budget = await open(rule, noon);
      expect(await reserve(budget, "a", 60)).toBe("2026-11-22");
      expect(await reserve(budget, "b", 41)).toBe("QUOTA_EXCEEDED");
      expect(await reserve(budget, "b", 40)).toBe("2026-11-22");
      expect(await budget.standing(noon)).toMatchObject({ used: 0, reserved: 100, left: 0, over: 0 });
      expect(await settle(budget, "a", 10)).toBe("done");
      expect(await settle(budget, "b", 0)).toBe("done");
      expect(await budget.standing(noon)).toMatchObject({ used: 10, reserved: 0, left: 90 });
    });

    it("records what was used above the promise, and refuses until there is room", async () => {
      await using budget = await open(rule, noon);
      await reserve(budget, "a", 10);
      expect(await settle(budget, "a", 130)).toBe("done");
      expect(await budget.standing(noon)).toMatchObject({ used: 130, left: 0, over: 30 });
      expect(await reserve(budget, "b", 1)).toBe("QUOTA_EXCEEDED");
      expect(await reserve(budget, "c", 0)).toBe("2026-11-22");
      expect(await reserve(budget, "b", 1, tomorrow)).toBe("2026-11-23");
    });

    it("resolves each reservation once", async () => {
      await using budget = await open(rule, noon);
      expect(await settle(budget, "a", 1)).toBe("NOT_FOUND");
      expect([await reserve(budget, "a", 50), await reserve(budget, "a", 50), await reserve(budget, "a", 51)]).toEqual([
        "2026-11-22",
        "2026-11-22",
        "CONFLICT",
      ]);
      expect((await budget.standing(noon)).reserved).toBe(50);
      expect([await settle(budget, "a", 20), await settle(budget, "a", 20), await settle(budget, "a", 21)]).toEqual([
        "done",
        "done",
        "ALREADY_ENDED",
      ]);
      expect(await reserve(budget, "a", 50)).toBe("ALREADY_ENDED");
      expect(await budget.standing(noon)).toMatchObject({ used: 20, reserved: 0 });
    });

    it("counts a reservation where it was made, also when it is settled in the next window", async () => {
      await using budget = await open(rule, noon);
      await reserve(budget, "late", 70);
      expect(await budget.standing(tomorrow)).toMatchObject({ used: 0, reserved: 0, left: 100 });
      expect(await reserve(budget, "late", 70, tomorrow)).toBe("2026-11-22");
      expect(await settle(budget, "late", 90)).toBe("done");
      const [first, second] = (await budget.snapshot()).tallies;
      expect(first).toMatchObject({ window: { name: "2026-11-22" }, used: 90, reserved: 0 });
      expect(second).toMatchObject({ window: { name: "2026-11-23" }, used: 0, reserved: 0 });
    });

    it("keeps a closed window while something of it is open, and what is settled for one window more", async () => {
      await using budget = await open(rule, noon);
      await reserve(budget, "open", 1);
      await reserve(budget, "settled", 1);
      await settle(budget, "settled", 1);
      const names = async () => (await budget.snapshot()).tallies.map(({ window }) => window.name);
      await budget.standing(tomorrow);
      expect(await names()).toEqual(["2026-11-22", "2026-11-23"]);
      expect(await settle(budget, "settled", 1)).toBe("done");
      await budget.standing(tomorrow + dayMs);
      expect(await names()).toEqual(["2026-11-22", "2026-11-23", "2026-11-24"]);
      expect(await settle(budget, "settled", 1)).toBe("NOT_FOUND");
      await budget.standing(tomorrow + 2 * dayMs);
      expect(await names()).toEqual(["2026-11-22", "2026-11-24", "2026-11-25"]);
      expect(await settle(budget, "open", 1)).toBe("done");
      await budget.standing(tomorrow + 9 * dayMs);
      expect(await names()).toEqual(["2026-11-25", "2026-12-02"]);
      expect((await budget.snapshot()).reservations).toEqual([]);
    });

    it("skips the windows that nobody used", async () => {
      const midnight = Date.UTC(2026, 10, 24);
      const names: string[] = [];
      for (const nowMs of [midnight - 1, midnight, midnight + 400 * dayMs]) {
        await using budget = await open(rule, noon);
        names.push((await budget.standing(nowMs)).window.name);
      }
      expect(names).toEqual(["2026-11-23", "2026-11-24", "2027-12-29"]);
    });

    it("opens no closed window again when the clock goes backwards", async () => {
      await using budget = await open(rule, tomorrow);
      await reserve(budget, "a", 100, tomorrow);
      for (const backMs of [1, 13 * hourMs, 400 * dayMs]) {
        expect(await reserve(budget, "b", 1, tomorrow - backMs)).toBe("QUOTA_EXCEEDED");
        expect((await budget.standing(tomorrow - backMs)).window.name).toBe("2026-11-23");
      }
      expect(await reserve(budget, "b", 1, Date.UTC(2026, 10, 24) - 1)).toBe("QUOTA_EXCEEDED");
      expect(await reserve(budget, "b", 1, Date.UTC(2026, 10, 24))).toBe("2026-11-24");
    });

    it("lets the current window end as it began when the time zone changes, and has no budget twice for it", async () => {
      await using budget = await open(rule, noon);
      await reserve(budget, "a", 100);
      const midnight = Date.UTC(2026, 10, 23);
      expect((await budget.setTimeZone("Asia/Tokyo", noon)).ok).toBe(true);
      expect(await reserve(budget, "b", 1, midnight - 1)).toBe("QUOTA_EXCEEDED");
      // 09:00 in Tokyo: the rest of this day and the whole next one have one budget.
      expect(await reserve(budget, "b", 100, midnight)).toBe("2026-11-24");
      expect(await reserve(budget, "c", 1, Date.UTC(2026, 10, 24, 14, 59))).toBe("QUOTA_EXCEEDED");
      expect(await reserve(budget, "c", 1, Date.UTC(2026, 10, 24, 15))).toBe("2026-11-25");
      expect(await budget.setTimeZone("Nowhere/Else", noon)).toMatchObject({ error: { code: "BAD_REQUEST" } });
      expect((await budget.snapshot()).rule.timeZone).toBe("Asia/Tokyo");
    });

    it("closes the window that is over in the old zone before the zone changes", async () => {
      await using budget = await open(rule, noon);
      await budget.setTimeZone("Asia/Tokyo", tomorrow);
      expect((await budget.standing(tomorrow)).window).toEqual({
        name: "2026-11-23",
        startMs: Date.UTC(2026, 10, 23),
        endMs: Date.UTC(2026, 10, 24),
      });
    });

    it("is lowered below what is used: nothing is taken away, and what is over is shown", async () => {
      await using budget = await open(rule, noon);
      await reserve(budget, "a", 80);
      expect((await budget.setLimit(50)).ok).toBe(true);
      expect(await budget.standing(noon)).toMatchObject({ limit: 50, reserved: 80, left: 0, over: 30 });
      expect(await settle(budget, "a", 80)).toBe("done");
      for (const bad of [-1, 0.5, Number.NaN, Infinity, 2 ** 53]) {
        expect(await budget.setLimit(bad)).toMatchObject({ error: { code: "BAD_REQUEST" } });
      }
      expect((await budget.setLimit(0)).ok).toBe(true);
      expect(await reserve(budget, "b", 1)).toBe("QUOTA_EXCEEDED");
    });

    it("says what was asked, what is left and until when, in the budget's unit", async () => {
      const why = async (unit: BudgetUnit, limit: number, amount: number) => {
        await using budget = await open({ ...rule, unit, limit }, noon);
        await budget.reserve({ id: "a", amount: 1, unit }, noon);
        const made = await budget.reserve({ id: "b", amount, unit }, noon);
        return made.ok ? made.value : made.error.message;
      };
      expect(await why(tokens, 100, 100)).toBe(
        "100 tokens asked of 100 tokens a day: 99 tokens left until 2026-11-23T00:00:00.000Z",
      );
      expect(await why(tokens, 100, 101)).toBe("101 tokens asked of 100 tokens a day: more than the whole limit");
      expect(await why({ kind: "bytes" }, 1e9, 1e9)).toContain("1G asked of 1G a day: 999999999 left until");
      expect(await why({ kind: "money", currency: "EUR" }, 5_000_000, 5_000_000)).toContain(
        "5.00 EUR asked of 5.00 EUR a day: 4.999999 EUR left until",
      );
    });

    it("refuses amounts that are none, and those in another unit", async () => {
      await using budget = await open(
        { ...rule, unit: { kind: "money", currency: "EUR" }, limit: Number.MAX_SAFE_INTEGER },
        noon,
      );
      const ask = async (amount: number, unit: BudgetUnit) => {
        const made = await budget.reserve({ id: "a", amount, unit }, noon);
        return made.ok ? "accepted" : made.error.message;
      };
      const euro: BudgetUnit = { kind: "money", currency: "EUR" };
      for (const bad of [-1, 0.5, Number.NaN, Infinity, 2 ** 53]) {
        expect(await ask(bad, euro)).toBe(
          `an amount must be a whole number from 0, in all at most 2^53 − 1, not ${bad}`,
        );
      }
      expect(await ask(1, { kind: "money", currency: "USD" })).toBe("this budget is in EUR, not in USD");
      expect(await ask(1, tokens)).toBe("this budget is in EUR, not in tokens");
      expect(await ask(5, euro)).toBe("accepted");
      for (const bad of [-1, 0.5, Number.NaN, 2 ** 53]) expect(await settle(budget, "a", bad)).toBe("BAD_REQUEST");
      expect(await settle(budget, "a", Number.MAX_SAFE_INTEGER)).toBe("done");
      await budget.reserve({ id: "b", amount: 0, unit: euro }, noon);
      expect(await settle(budget, "b", 1)).toBe("BAD_REQUEST");
      expect(await settle(budget, "b", 0)).toBe("done");
      for (const bad of [Number.NaN, Infinity]) await expect(budget.standing(bad)).rejects.toThrow(RangeError);
      expect((await budget.standing(noon)).used).toBe(Number.MAX_SAFE_INTEGER);
    });

    it("answers each history as the one in memory, and remembers the same", async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
          await using budget = await open(rule, noon);
          await using memory = await openInMemory(rule, noon);
          let nowMs = noon;
          for (const s of steps) {
            if (s.kind === "clock") nowMs = Math.max(0, nowMs + s.byMs);
            const [answer, expected] = await Promise.all([budget, memory].map((one) => play(one, s, nowMs)));
            expect(answer).toEqual(expected);
          }
          expect(await budget.snapshot()).toEqual(await memory.snapshot());
        }),
        { numRuns: histories },
      );
    });
  });
}

function play(budget: BudgetUnderTest, s: Step, nowMs: number): Promise<unknown> {
  switch (s.kind) {
    case "reserve":
      return budget.reserve({ id: s.id, amount: s.amount, unit: tokens }, nowMs);
    case "settle":
      return budget.settle(s.id, s.amount);
    case "limit":
      return budget.setLimit(s.limit);
    case "zone":
      return budget.setTimeZone(s.zone, nowMs);
    case "clock":
      return budget.standing(nowMs);
    case "restore":
      return budget.restart();
  }
}
