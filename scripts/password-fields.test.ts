import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { repositoryRoot } from "./run-command.ts";

const sources = globSync("apps/web/src/**/*.tsx", { cwd: repositoryRoot }).map((path) => ({
  path,
  text: readFileSync(join(repositoryRoot, path), "utf8"),
}));
const fields = sources.flatMap(({ path, text }) =>
  [...text.matchAll(/<TextField\b[^<]*?\/>/g)]
    .map(([field]) => field)
    .filter((field) => /(current|new)-password|type="password"/.test(field))
    .map((field) => ({ path, field })),
);

test("each field for a password hides it and tells password managers which it is", () => {
  expect(fields.length).toBeGreaterThan(6);
  const wrong = fields.filter(
    ({ field }) => !/type=("password"|\{isPassword \? "password")/.test(field) || !/-password"/.test(field),
  );
  expect(wrong).toEqual([]);
});

test("nowhere in the console is pasting hindered", () => {
  const hindered = sources.filter(({ text }) => /on(Before)?(Paste|Input)\b|onDrop\b/.test(text));
  expect(hindered.map(({ path }) => path)).toEqual([]);
});
