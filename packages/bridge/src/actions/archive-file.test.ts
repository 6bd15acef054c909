import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ProjectId, RunId } from "@quarterdeck/core/ids";
import { afterEach, beforeEach, expect, it } from "vitest";
import { newId } from "../../test/fake-platform.ts";
import { WorkspaceDirectory } from "../data-directory.ts";
import { findArchive, keepArchive, listArchives, pruneArchives, removeArchive } from "./archive-file.ts";

const ownerId = newId("project") as ProjectId;
const [first, second, third] = [newId("run"), newId("run"), newId("run")].toSorted() as [RunId, RunId, RunId];

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "qd-archives-"))));
afterEach(() => rmSync(folder, { recursive: true }));

function fill(...runIds: RunId[]): void {
  for (const runId of runIds)
    for (const ending of [".tar.gz", ".tar.gz.sha256"])
      writeFileSync(join(folder, `${ownerId}.${runId}${ending}`), "x");
}

it("archives of an owner are listed the newest first, and nothing beside them", () => {
  fill(first, third, second);
  writeFileSync(join(folder, `${newId("project")}.${newId("run")}.tar.gz`), "of another");
  writeFileSync(join(folder, `${ownerId}.x.tar.gz`), "of no run");
  writeFileSync(join(folder, `${ownerId}.${newId("run")}.tar.gz.1.tmp`), "unfinished");
  mkdirSync(join(folder, `.archive-${newId("run")}`));
  expect(listArchives(folder, ownerId)).toEqual([third, second, first]);
  expect(listArchives(join(folder, "missing"), ownerId)).toEqual([]);
});

it("the oldest go, and what came after the one that was made stays, however late that is asked again", () => {
  fill(first, second, third);
  expect(pruneArchives(folder, { ownerId, runId: second }, 1)).toEqual([third, second]);
  expect(readdirSync(folder)).toHaveLength(4);
  expect(pruneArchives(folder, { ownerId, runId: third }, 2)).toEqual([third, second]);
  expect(pruneArchives(folder, { ownerId, runId: third }, 1)).toEqual([third]);
  removeArchive(folder, { ownerId, runId: third });
  expect(readdirSync(folder)).toEqual([]);
});

it("one that cannot get its place leaves no checksum of an archive that is not there", async () => {
  const archives = new WorkspaceDirectory(folder);
  mkdirSync(archives.archives);
  const packed = join(folder, `${ownerId}.${first}.tar.gz`);
  writeFileSync(packed, "packed");
  mkdirSync(join(archives.archives, `${ownerId}.${first}.tar.gz`)); // A file is not renamed onto a folder.
  await expect(keepArchive(packed, archives)).rejects.toThrow(/EISDIR/);
  expect(readdirSync(archives.archives)).toEqual([`${ownerId}.${first}.tar.gz`]);
  rmSync(join(archives.archives, `${ownerId}.${first}.tar.gz`), { recursive: true });
  await keepArchive(packed, archives);
  expect(findArchive(archives.archives, { ownerId, runId: first })).toBeDefined();
});
