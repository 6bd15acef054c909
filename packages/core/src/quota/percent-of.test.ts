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
  [-1, 50],
  [0.5, 50],
  [Number.NaN, 50],
  [Infinity, 50],
  [2 ** 53, 50],
  [1, -1],
  [1, 0.5],
  [1, 1001],
  [1, Number.NaN],
])("refuses %d at %d %%", (amount, percent) => {
  expect(() => percentOf(amount, percent)).toThrow(RangeError);
});

it("takes the ends of what it takes", () => {
  expect(percentOf(0, 0)).toBe(0);
  expect(percentOf(7, 1000)).toBe(70);
  expect(percentOf(Number.MAX_SAFE_INTEGER, 100)).toBe(Number.MAX_SAFE_INTEGER);
});
