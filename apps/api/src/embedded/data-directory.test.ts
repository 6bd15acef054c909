import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { makeDataDirectory } from "./data-directory.ts";
import { UsageError } from "./options.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "quarterdeck-data-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

it("makes what is missing, for its owner only, and takes what is there", () => {
  const path = join(folder, "a/b");
  makeDataDirectory(path);
  makeDataDirectory(path);
  expect(statSync(path).mode & 0o777).toBe(0o700);
  expect(statSync(join(folder, "a")).mode & 0o777).toBe(0o700);
});

it("says what is in the way, and how to choose another directory", () => {
  const file = join(folder, "file");
  writeFileSync(file, "");
  for (const path of [file, join(file, "data"), "/proc/quarterdeck", "/proc/quarterdeck/data", "/dev/null/x"]) {
    expect(() => makeDataDirectory(path)).toThrow(UsageError);
    expect(() => makeDataDirectory(path)).toThrow(/cannot hold Quarterdeck's data: .*--data \(or QUARTERDECK_DATA\)/);
  }
});
