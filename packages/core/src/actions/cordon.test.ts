import { expect, test } from "vitest";
import { actionNames } from "./catalogue.ts";
import { isHeldByCordon } from "./cordon.ts";

test("a cordon holds what uses a server, and neither reads nor upkeep", () => {
  expect(actionNames.filter((name) => !isHeldByCordon(name)).sort()).toEqual([
    "bridge.update",
    "files.list",
    "git.log",
    "git.status",
    "task.cancel",
    "task.log",
    "workspace.freeze",
    "workspace.limits",
    "workspace.thaw",
  ]);
  expect(isHeldByCordon("what nobody knows")).toBe(true);
});
