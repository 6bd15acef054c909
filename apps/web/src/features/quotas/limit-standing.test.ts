import { expect, it } from "vitest";
import { standingOf } from "./limit-standing.ts";

it.each([
  [2, { wanted: 2, state: "enforced" }, "enforced"],
  [2, { wanted: 2, state: "measured" }, "measured"],
  [2, { wanted: 2, state: "unsupported" }, "unsupported"],
  // The kernel holds the limit before: that is no reason for a green badge.
  [3, { wanted: 2, state: "enforced" }, "notYet"],
  [null, { wanted: 2, state: "enforced" }, "notYet"],
  [2, { wanted: null, state: "enforced" }, "notYet"],
  [null, { wanted: null, state: "enforced" }, "none"],
  [null, { wanted: null, state: "unsupported" }, "none"],
  // What is wrong is said whatever was decided since.
  [2, { wanted: 2, state: "mismatch" }, "mismatch"],
  [3, { wanted: 2, state: "mismatch" }, "mismatch"],
  [null, { wanted: null, state: "mismatch" }, "mismatch"],
] as const)("a limit of %s with %j is %s", (wanted, item, standing) => {
  expect(standingOf(wanted, item, true)).toBe(standing);
});

it("is not applied yet where nothing was said, unless the bridge could not say it", () => {
  expect(standingOf(2, undefined, true)).toBe("notYet");
  expect(standingOf(2, undefined, null)).toBe("notYet");
  expect(standingOf(2, undefined, false)).toBe("notTold");
  expect(standingOf(null, undefined, false)).toBe("none");
});
