import { expect, test } from "vitest";
import { amountWords } from "./amount-words.ts";

test("an amount is said in the units that people write, with its resource", () => {
  expect(
    [
      ["cpu", 4000],
      ["cpu", 4001],
      ["memory", 512 * 2 ** 20],
      ["disk", 1_500_000_000],
      ["bandwidth", 1_250_000],
      ["runs", 3],
      ["runs", 1],
      ["projects", 0],
    ].map(([resource, amount]) => amountWords(resource as string, amount as number)),
  ).toEqual([
    "4 cpu",
    "4001m cpu",
    "512Mi of memory",
    "1.5G of disk",
    "10 Mbit/s of bandwidth",
    "3 runs",
    "1 run",
    "0 projects",
  ]);
});

test("a sum that is too large to be exact is said to be that, and no name is taken for a method", () => {
  expect(amountWords("memory", 2 ** 53)).toBe("more memory than can be counted");
  expect(amountWords("toString", 1)).toBe("1 toString");
});
