import { minuteMs } from "@quarterdeck/core/units";
import { expect, test } from "vitest";
import { requireRecentAuth } from "./recent-auth.ts";

test.each([0, 10 * minuteMs - 1])("%d ms ago is recent", (sinceAuthMs) => {
  expect(() => requireRecentAuth({ sinceAuthMs })).not.toThrow();
});

test.each([10 * minuteMs, -1, Number.POSITIVE_INFINITY, Number.NaN])("%d ms ago is not recent [T5]", (sinceAuthMs) => {
  expect(() => requireRecentAuth({ sinceAuthMs })).toThrow(/Confirm who you are/);
});
