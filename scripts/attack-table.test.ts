import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "..");
const table = readFileSync(join(root, "docs/security/attacks.md"), "utf8").split("## Where each clause")[1] ?? "";

/** The short names that the table says it uses. */
const places: Record<string, string> = {
  bridge: "packages/bridge",
  core: "packages/core/src",
  relay: "apps/relay",
  api: "apps/api",
  e2e: "apps/web/e2e",
  vps: "e2e/vps",
};

const rows = [...table.matchAll(/^\| ([A-Z]\d+) +\| (.+?) +\| (.+?) +\|$/gm)].flatMap(([, line, clause, where = ""]) =>
  [...where.matchAll(/`([^`]+\.test\.ts)`/g)].map(([, path = ""]) => ({ line, clause, path })),
);

test("the table of clauses names tests", () => {
  expect(rows.length).toBeGreaterThan(40);
});

test.each(rows)("$line, $clause: $path exists and says that it tries it", ({ line, path }) => {
  const [place = "", ...rest] = path.split("/");
  const files = globSync(join(root, places[place] ?? place, ...rest));
  expect(files).not.toEqual([]);
  const tag = new RegExp(String.raw`\[(\w+[ ,]+)*${line}([ ,]+\w+)*\]`);
  expect(files.some((file) => tag.test(readFileSync(file, "utf8")))).toBe(true);
});
