import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { insideOf, openFoundDirectory } from "./found-directory.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "qd-found-"));
  mkdirSync(join(root, "above/folder"), { recursive: true });
  writeFileSync(join(root, "above/folder/file"), "");
});
afterEach(() => rmSync(root, { recursive: true }));

const find = () => {
  const path = join(root, "above/folder");
  return { path, stats: lstatSync(path) };
};

it("opens what was found, and shows what is in it", async () => {
  await using opened = await openFoundDirectory(find());
  expect(opened && readdirSync(insideOf(opened))).toEqual(["file"]);
});

it("[S6] opens nothing that was put in its place, or in the place of what is above it", async () => {
  const found = find();
  const instead = [
    () => renameSync(found.path, join(root, "kept")),
    () => symlinkSync("/etc", found.path),
    () => {
      rmSync(found.path);
      mkdirSync(found.path);
    },
    () => {
      renameSync(join(root, "above"), join(root, "away"));
      mkdirSync(join(root, "elsewhere/folder"), { recursive: true });
      symlinkSync(join(root, "elsewhere"), join(root, "above"));
    },
  ];
  for (const put of instead) {
    put();
    expect(await openFoundDirectory(found)).toBeUndefined();
  }
});
