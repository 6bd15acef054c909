import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { english } from "./english.ts";

const source = join(import.meta.dirname, "..");
const pluralEnding = /_(zero|one|two|few|many|other)$/;

function keysOf(texts: object, prefix = ""): string[] {
  return Object.entries(texts).flatMap(([key, value]: [string, unknown]) => {
    if (typeof value === "object" && value !== null) return keysOf(value, `${prefix}${key}.`);
    return [`${prefix}${key}`];
  });
}

const keys = keysOf(english);
const baseKeys = new Set(keys.map((key) => key.replace(pluralEnding, "")));
const files = globSync("**/*.{ts,tsx}", { cwd: source }).filter((file) => !file.includes(".test."));
const texts = files.map((file) => readFileSync(join(source, file), "utf8")).join("\n");
const written = [...texts.matchAll(/\bt\(\s*"([^"]+)"/g)].map((match) => match[1] ?? "");
const built = [...texts.matchAll(/\bt\(\s*`([^`$]+)\$\{/g)].map((match) => match[1] ?? "");

it("has a text for every key that the source names", () => {
  expect(written.length).toBeGreaterThan(100);
  expect(written.filter((key) => !baseKeys.has(key))).toEqual([]);
  expect(built.filter((start) => ![...baseKeys].some((key) => key.startsWith(start)))).toEqual([]);
});

it("has no text that nothing names", () => {
  const used = new Set(written);
  expect([...baseKeys].filter((key) => !used.has(key) && !built.some((start) => key.startsWith(start)))).toEqual([]);
});

it("has both plural forms of whatever is counted", () => {
  const counted = keys.filter((key) => pluralEnding.test(key)).map((key) => key.replace(pluralEnding, ""));
  const wanted = [...new Set(counted)].flatMap((key) => [`${key}_one`, `${key}_other`]);
  expect(wanted.filter((key) => !keys.includes(key))).toEqual([]);
});

it("lays out without left and right, so that right-to-left languages fit", () => {
  const physical =
    /(?<=\s)(?:lg:|sm:|md:)?(?:(?:m[lr]|p[lr]|left|right|border-[lr]|rounded-[lr])-[\w[\]./]+|text-left|text-right|border-[lr])(?=\s)/g;
  const classNames = [...texts.matchAll(/className=(?:"([^"]*)"|\{classes\(([^)]*)\))/g)].map(
    (match) => ` ${match[1] ?? match[2] ?? ""} `,
  );
  // The gutter of a log is at the left in every language: a log is always left to right.
  expect(classNames.flatMap((text) => text.match(physical) ?? [])).toEqual(["left-0"]);
});
