import fc from "fast-check";
import { expect, it } from "vitest";
import { nextMeanMs } from "./duration-estimate.ts";

const duration = fc.integer({ min: 0, max: 1e12 });

it("begins with the first duration and stays between the mean and the newest", () => {
  fc.assert(
    fc.property(duration, duration, (mean, newest) => {
      expect(nextMeanMs(null, newest)).toBe(newest);
      const next = nextMeanMs(mean, newest);
      expect(next).toBeGreaterThanOrEqual(Math.min(mean, newest));
      expect(next).toBeLessThanOrEqual(Math.max(mean, newest));
    }),
  );
});

it("follows a change for three quarters after five runs", () => {
  let mean = nextMeanMs(null, 1000);
  for (let n = 0; n < 5; n++) mean = nextMeanMs(mean, 2000);
  expect(mean).toBeGreaterThan(1750);
  expect(mean).toBeLessThan(1800);
});
