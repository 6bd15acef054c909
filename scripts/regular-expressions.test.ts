import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findExpressions, isSlow } from "./regular-expressions.ts";
import { repositoryRoot } from "./run-command.ts";

const sources = globSync("{apps,packages}/*/src/**/*.{ts,tsx}", { cwd: repositoryRoot })
  .filter((path) => !/\.test\.tsx?$/.test(path))
  .map((path) => ({ path, ...findExpressions(readFileSync(join(repositoryRoot, path), "utf8"), path) }));

test("[E3] each regular expression of the product takes time in proportion to its text, whatever that is", () => {
  expect(sources.flatMap(({ literals }) => literals).length).toBeGreaterThan(100);
  const slow = sources.flatMap(({ path, literals }) =>
    literals.filter(isSlow).map(({ pattern, flags }) => `${path}: /${pattern}/${flags}`),
  );
  expect(slow).toEqual([]);
});

test("[E3] nobody who uses the product gives it a regular expression: the few that are built have names from the code in them", () => {
  const built = sources.filter((source) => source.built > 0).map(({ path }) => path);
  expect(built.toSorted()).toEqual([
    "packages/bridge/src/drivers/cgroup-v2.ts",
    "packages/bridge/src/telemetry/read-sample.ts",
    "packages/core/src/ids.ts",
  ]);
});

test("finds slow expressions, and built ones", () => {
  const text = `const a = /^x+$/; const b = /=+$/u.test(y); const c = <T,>(t: T) => new RegExp(t + "(a+)+b"); /(?:a+)+b/;`;
  const { literals, built } = findExpressions(text, "example.ts");
  expect(literals.map((literal) => [literal.pattern, isSlow(literal)])).toEqual([
    ["^x+$", false],
    ["=+$", true],
    ["(?:a+)+b", true],
  ]);
  expect(built).toBe(1);
});
