import { expect, it } from "vitest";
import { median, percentile } from "./percentile.ts";

it("takes the nearest rank", () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(percentile([1, 2, 3, 4], 0.99)).toBe(4);
  expect(percentile([1, 2, 3, 4], 0)).toBe(1);
  expect(percentile([5], 0.5)).toBe(5);
  expect(percentile([], 0.5)).toBeNaN();
});
