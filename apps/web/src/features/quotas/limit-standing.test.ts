import { expect, it } from "vitest";
import { standingOf } from "./limit-standing.ts";

const told = { isTold: true, limited: null };

it.each([
  [2, { wanted: 2, state: "enforced" }, "enforced"],
  [2, { wanted: 2, state: "measured" }, "measured"],
  [2, { wanted: 2, state: "unsupported" }, "unsupported"],
  // The kernel holds the limit before: that is no reason for a green badge.
  [3, { wanted: 2, state: "enforced" }, "notYet"],
  [null, { wanted: 2, state: "enforced" }, "notYet"],
  [2, { wanted: null, state: "enforced" }, "notYet"],
  // What the server cannot do it will not do with the next limit either.
  [3, { wanted: 2, state: "unsupported" }, "unsupported"],
  [null, { wanted: 2, state: "unsupported" }, "none"],
  [null, { wanted: null, state: "enforced" }, "none"],
  [null, { wanted: null, state: "unsupported" }, "none"],
  // What is wrong is said whatever was decided since.
  [2, { wanted: 2, state: "mismatch" }, "mismatch"],
  [3, { wanted: 2, state: "mismatch" }, "mismatch"],
  [null, { wanted: null, state: "mismatch" }, "mismatch"],
] as const)("a limit of %s with %j is %s", (wanted, item, standing) => {
  const items = [{ resource: "memory", wanted: 7, state: "enforced" } as const, { resource: "cpu", ...item } as const];
  expect(standingOf("cpu", wanted, { ...told, items })).toBe(standing);
});

it("is not applied yet where nothing was said, unless the server limits no such thing, or its bridge could not say it", () => {
  expect(standingOf("cpu", 2, { ...told, items: [] })).toBe("notYet");
  expect(standingOf("cpu", 2, { isTold: null, limited: null, items: [] })).toBe("notYet");
  expect(standingOf("cpu", 2, { isTold: true, limited: ["cpu"], items: [] })).toBe("notYet");
  expect(standingOf("cpu", 2, { isTold: true, limited: ["memory"], items: [] })).toBe("unsupported");
  expect(standingOf("cpu", 2, { isTold: false, limited: null, items: [] })).toBe("notTold");
  expect(standingOf("cpu", null, { isTold: false, limited: [], items: [] })).toBe("none");
});
