import fc from "fast-check";
import { expect, it } from "vitest";
import { percentOf } from "./percent-of.ts";

it("is the exact share, rounded down, and never above 2^53 − 1", () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.integer({ min: 0, max: 1000 }), (amount, percent) => {
      const exact = (BigInt(amount) * BigInt(percent)) / 100n;
      const most = BigInt(Number.MAX_SAFE_INTEGER);
      expect(BigInt(percentOf(amount, percent))).toBe(exact < most ? exact : most);
    }),
  );
});

it.each([
  [-1, 50, "the amount -1"],
  [0.5, 50, "the amount 0.5"],
  [Number.NaN, 50, "the amount NaN"],
  [Infinity, 50, "the amount Infinity"],
  [2 ** 53, 50, "the amount 9007199254740992"],
  [1, -1, "the share of -1 %"],
  [1, 0.5, "the share of 0.5 %"],
  [1, 1001, "the share of 1001 %"],
  [1, Number.NaN, "the share of NaN %"],
])("refuses %d at %d %%, and says what is wrong", (amount, percent, what) => {
  expect(() => percentOf(amount, percent)).toThrow(new RegExp(`^${what} is no whole number`));
});

it("takes the ends of what it takes", () => {
  expect(percentOf(0, 0)).toBe(0);
  expect(percentOf(7, 1000)).toBe(70);
  expect(percentOf(Number.MAX_SAFE_INTEGER, 100)).toBe(Number.MAX_SAFE_INTEGER);
});
