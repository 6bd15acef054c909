import { describe, expect, it } from "vitest";
import { noResources } from "../quota/resources.ts";
import { actionNames, actions, findAction, maxArgumentLength, maxArguments } from "./catalogue.ts";

const run = `run_${"0".repeat(26)}`;

describe("the catalogue of actions", () => {
  it("knows its own actions and nothing of the prototype", () => {
    for (const name of actionNames) expect(findAction(name)).toBe(actions[name]);
    for (const name of ["", "toString", "__proto__", "constructor", "exec "]) expect(findAction(name)).toBeUndefined();
  });

  it("lets reads reserve nothing", () => {
    const reads = Object.values(actions).filter((action) => action.isRead);
    expect(reads.map((action) => action.demand)).toEqual(reads.map(() => noResources));
  });

  it("[S1] takes arguments with any characters but NUL", () => {
    const args = ["; rm -rf /", "$(id)", "`id`", "a\nb", '"', "'", "*", "｜", "‮", ""];
    expect(actions.exec.params.parse({ program: "echo", args }).args).toEqual(args);
    expect(actions.exec.params.safeParse({ program: "echo", args: ["a\0b"] }).success).toBe(false);
    expect(actions.exec.params.safeParse({ program: "echo", args: Array(maxArguments + 1).fill("") }).success).toBe(
      false,
    );
    expect(actions.exec.params.safeParse({ program: "echo", args: ["a".repeat(maxArgumentLength + 1)] }).success).toBe(
      false,
    );
    expect(actions.exec.params.safeParse({ program: "echo", args: [], more: true }).success).toBe(false);
  });

  it.each(["main", "feature/x", "v1.2.3", "ветка", "a-b_c"])("takes the branch %s", (branch) => {
    expect(actions["project.clone"].params.safeParse({ url: "https://h/r", branch }).success).toBe(true);
  });

  it.each([
    "",
    "-u",
    "--upload-pack=x",
    "a..b",
    "a b",
    "a~1",
    "a^",
    "a:b",
    "a.lock",
    "/a",
    "a/",
    "a//b",
    ".a",
    "a/.b",
    "a@{1}",
    "a\\b",
    "a\nb",
  ])("[S2] refuses the branch %j", (branch) =>
    expect(actions["project.clone"].params.safeParse({ url: "https://h/r", branch }).success).toBe(false),
  );

  it.each(["..", "../x", "a/../..", "/etc", "a/..", "a\0"])("[S6] refuses the path %j", (path) => {
    expect(actions["files.list"].params.safeParse({ path }).success).toBe(false);
  });

  it.each(["", "src", "a/b/c", "..a/b..", "имя"])("takes the path %j", (path) => {
    expect(actions["files.list"].params.safeParse({ path }).success).toBe(true);
  });

  it("bounds what a log read may ask for", () => {
    const log = actions["task.log"].params;
    expect(log.safeParse({ runId: run, fromOffset: 0, maxBytes: 1 }).success).toBe(true);
    expect(log.safeParse({ runId: run, fromOffset: -1, maxBytes: 1 }).success).toBe(false);
    expect(log.safeParse({ runId: run, fromOffset: 0, maxBytes: 2 ** 30 }).success).toBe(false);
  });
});
