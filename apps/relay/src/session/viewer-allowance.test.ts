import { makeId } from "@quarterdeck/core/ids";
import { limits } from "@quarterdeck/core/protocol/limits";
import { expect, test } from "vitest";
import { startWatch } from "./output-watch.ts";
import { nothingUnread } from "./unread-output.ts";
import type { ViewerState } from "./viewer.ts";
import { behindAllowance } from "./viewer-allowance.ts";

const watch = startWatch(makeId("run", 1, new Uint8Array(16)), 0, { allowanceBytes: 1, unreadBytes: 0 });
const viewers = (count: number, watches: ViewerState["watches"] = [watch]) =>
  Array.from({ length: count }, () => ({ watches, unread: nothingUnread }) as ViewerState);

test("[F9] the more watch, the less each may be behind, so that all together stay within the memory there is", () => {
  expect(behindAllowance(viewers(1))).toBe(limits.viewerBehindBytes);
  for (const count of [1, 32, 33, 100, limits.viewersPerServer]) {
    expect(count * behindAllowance(viewers(count))).toBeLessThanOrEqual(limits.viewersBehindBytes);
  }
});

test("nobody may be less behind than what a page receives before it acknowledges", () => {
  expect(behindAllowance(viewers(5000))).toBe(limits.viewerAckBytes);
});

test("[F9] what nobody acknowledged counts, though its watch is over or was begun anew", () => {
  const sent = { ...watch, sentOffset: limits.viewerBehindBytes };
  for (const state of ["live", "ended", "missing"] as const) {
    expect(behindAllowance(viewers(64, [{ ...sent, state }]))).toBe(limits.viewersBehindBytes / 64);
  }
  const left = viewers(64, []).map((viewer) => ({ ...viewer, unread: { ...nothingUnread, bytes: 1 } }));
  expect(behindAllowance(left)).toBe(limits.viewersBehindBytes / 64);
});

test("watches that are over, or wait for a run, take nothing from the others", () => {
  const over = viewers(5000, [
    { ...watch, state: "ended" },
    { ...watch, state: "missing" },
  ]);
  expect(behindAllowance(over)).toBe(limits.viewerBehindBytes);
});
