import { expect, test } from "vitest";
import { fleetSpreadMs } from "./fleet-spread.ts";

test.each([
  [0, 2000],
  [1, 2000],
  [500, 2000],
  [2000, 6000],
  [10_000, 30_000],
  [1_000_000, 30_000],
])("[F12] the bridges of %i servers come back within %i ms", (servers, spreadMs) => {
  expect(fleetSpreadMs(servers)).toBe(spreadMs);
});
