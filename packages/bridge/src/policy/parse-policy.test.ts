import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lineOf, parsePolicy } from "./parse-policy.ts";

const path = "/etc/quarterdeck/policy.toml";
const problemOf = (text: string) => {
  const read = parsePolicy(path, text);
  return "problem" in read ? read.problem : null;
};

describe("a policy file", () => {
  it("that is shipped forbids nothing, and is in order without its comments' hashes, too", () => {
    const text = readFileSync(join(import.meta.dirname, "../../policy.toml"), "utf8");
    expect(parsePolicy(path, text)).toMatchObject({ rules: { actions: {}, limits: {} } });
    const examples = text.replace(/^# ([a-z_]+ = )/gm, "$1");
    expect(problemOf(examples)).toBeNull();
    expect(examples).not.toBe(text);
  });

  it("knows on which line each rule stands", () => {
    const read = parsePolicy(
      path,
      '[programs]\nforbid = [\n  "make",\n  "go",\n]\nallow = ["git"]\n[limits]\nrun_time = "90 s"\n',
    );
    if ("problem" in read) throw new Error(read.problem);
    expect(lineOf(read, ["programs", "forbid", 1])).toBe(4);
    expect(lineOf(read, ["programs", "allow"])).toBe(6);
    expect(read.rules.limits?.run_time).toBe(90_000);
  });

  it.each([
    ["[programs]\nforbid = [\n", "line 3"],
    ['[programs]\nforbit = ["make"]', "line 2: programs.forbit: there is no such setting"],
    ['[program]\nforbid = ["make"]', "line 1: program: there is no such setting"],
    ['programs.forbid = "make"', "line 1: programs.forbid:"],
    ['[actions]\nforbid = ["exec",\n "fly"]', "line 3: actions.forbid:"],
    ['[actions]\nforbid = ["task.cancel"]', "line 2: actions.forbid:"],
    ['[limits]\n\nmemory = "2 GB"', "line 3: limits.memory: Write a number and its unit (KiB, MiB, GiB)"],
    ["[limits]\nmemory = 2", 'line 2: limits.memory: Write a number and its unit in quotes, like "2 GiB".'],
    ["[limits]\nruns = 0", "line 2: limits.runs:"],
    ["[limits]\nruns = 1\nruns = 2", "line 3"],
    ['[network]\nmost = "some"', "line 2: network.most:"],
    ['[workspaces]\nforbid = ["mine"]', "line 2: workspaces.forbid:"],
    ['[repositories]\nallow = ["https://example.org/a"]', "line 2: repositories.allow: Write a host"],
    ["__proto__ = 1", "line 1"],
    ["[__proto__]\nadmin = 1", "line 1"],
    ['\nprograms = { "__proto__" = { admin = 1 } }', "line 2"],
    ["[constructor]\nprototype = 1", "line 1: constructor: there is no such setting"],
  ])("with a mistake is refused as a whole, and the line is named: %j", (text, words) => {
    expect(problemOf(text)).toContain(`${path} ${words}`);
  });

  it("is read or refused, whatever its bytes are", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(..."[]{}=.\"'\n#a1-,_ \\") })), (text) => {
        const read = parsePolicy(path, text);
        expect("problem" in read ? read.problem : read.path).toContain(path);
      }),
    );
  });
});
