import { expect, test } from "vitest";
import { quotaSteps } from "./quota-change-words.ts";
import { readWeight } from "./weight-field.ts";

const quota = { limits: { cpu: 1000 }, isOvercommitted: false, weight: 1, lifecycle: "active" } as const;

test("each thing that a change can change has its words, so that no entry of the history is empty", () => {
  expect(quotaSteps(quota, { ...quota, weight: 3 })).toEqual([{ kind: "weight", from: 1, to: 3 }]);
  expect(quotaSteps(quota, { ...quota, isOvercommitted: true })).toEqual([{ kind: "overcommit", isOn: true }]);
  expect(quotaSteps(quota, { ...quota, lifecycle: "archived" })).toEqual([{ kind: "lifecycle", to: "archived" }]);
  expect(quotaSteps(quota, { ...quota, limits: {} })).toEqual([
    { kind: "limit", resource: "cpu", from: 1000, to: null },
  ]);
  expect(quotaSteps(quota, quota)).toEqual([]);
});

test("a weight is a whole number from 1 to 1000", () => {
  expect(["1", " 20 ", "1000"].map(readWeight)).toEqual([1, 20, 1000]);
  expect(["", "0", "1001", "1.5", "-1", "ten", "1e3"].map(readWeight)).toEqual(Array(7).fill(null));
});
