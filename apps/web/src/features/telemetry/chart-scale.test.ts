import fc from "fast-check";
import { expect, it } from "vitest";
import { roundTop, timeRange } from "./chart-scale.ts";

it("begins the time axis at the first sample until the window is full", () => {
  expect(timeRange(1000, 1060, 300)).toEqual([1000, 1060]);
  expect(timeRange(1000, 2000, 300)).toEqual([1700, 2000]);
});

it("shows a little time also for one sample or none", () => {
  expect(timeRange(1000, 1000, 300)).toEqual([990, 1000]);
  expect(timeRange(null, null, 300)).toEqual([-10, 0]);
});

it.each([
  [0, 1024],
  [732, 1024],
  [1025, 2048],
  [3000, 5 * 1024],
  [600 * 1024, 1024 ** 2],
  [1.5 * 1024 ** 2, 2 * 1024 ** 2],
])("puts the top above %d at %d", (value, top) => {
  expect(roundTop(value, 1024)).toBe(top);
});

it("never cuts a value off, nor leaves most of the chart empty", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1024, max: 2 ** 45 }), (value) => {
      const top = roundTop(value, 1024);
      expect(top).toBeGreaterThanOrEqual(value);
      expect(top).toBeLessThanOrEqual(value * 2.5);
    }),
  );
});
