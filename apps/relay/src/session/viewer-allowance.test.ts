import { makeId } from "@quarterdeck/core/ids";
import { limits } from "@quarterdeck/core/protocol/limits";
import { expect, test } from "vitest";
import { startWatch } from "./output-watch.ts";
import type { ViewerState } from "./viewer.ts";
import { behindAllowance } from "./viewer-allowance.ts";

const watch = startWatch(makeId("run", 1, new Uint8Array(16)), 0);
const viewers = (count: number, watches: ViewerState["watches"] = [watch]) =>
  Array.from({ length: count }, () => ({ watches }) as ViewerState);

test("[F9] the more watch, the less each may be behind, so that all together stay within the memory there is", () => {
  expect(behindAllowance(viewers(1))).toBe(limits.viewerBehindBytes);
  for (const count of [1, 32, 33, 100, limits.viewersPerServer]) {
    expect(count * behindAllowance(viewers(count))).toBeLessThanOrEqual(limits.viewersBehindBytes);
  }
});

test("nobody may be less behind than what a page receives before it acknowledges", () => {
  expect(behindAllowance(viewers(5000))).toBe(limits.viewerAckBytes);
});

test("watches that are over, or wait for a run, take nothing from the others", () => {
  const over = viewers(5000, [
    { ...watch, state: "ended" },
    { ...watch, state: "missing" },
  ]);
  expect(behindAllowance(over)).toBe(limits.viewerBehindBytes);
});
