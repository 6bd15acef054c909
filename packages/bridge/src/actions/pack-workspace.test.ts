import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ProjectId, RunId, WorkspaceId } from "@quarterdeck/core/ids";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { newId } from "../../test/fake-platform.ts";
import { packWorkspace } from "./pack-workspace.ts";
import { unpackParts } from "./unpack-archive.ts";
import { readWorkspaceArchive } from "./workspace-archive-file.ts";

const ids = { workspaceId: newId("workspace") as WorkspaceId, runId: newId("run") as RunId };
const projects = [newId("project"), newId("project")] as ProjectId[];
const roomy = { maxBytes: 1e7, maxEntries: 100 };

let root: string;
let file: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "qd-pack-"));
  file = join(root, "archive.tar");
  for (const [index, projectId] of projects.entries()) {
    mkdirSync(join(root, projectId));
    writeFileSync(join(root, projectId, "which"), projectId);
    writeFileSync(join(root, projectId, "large"), Buffer.alloc(300_000, index));
  }
});
afterEach(() => rmSync(root, { recursive: true }));

const pack = (command: readonly string[] = ["tar", "--create", "--gzip"]) =>
  packWorkspace(file, ids, { command, folder: root, extension: ".tar.gz", projectIds: projects });
const parts = () =>
  readWorkspaceArchive(file, { ownerId: ids.workspaceId, runId: ids.runId }).map((part) => ({
    ...part,
    directory: join(root, "out", part.projectId),
  }));

describe("packing the projects of a workspace", () => {
  it("makes one file that unpacks to the same, and that ordinary tools can list", async () => {
    await pack();
    mkdirSync(join(root, "out"));
    expect(await unpackParts(file, parts(), roomy)).toMatchObject({ bytes: 2 * 300_030, leftOut: [] });
    for (const projectId of projects)
      for (const name of ["which", "large"])
        expect(readFileSync(join(root, "out", projectId, name))).toEqual(readFileSync(join(root, projectId, name)));
    const listed = execFileSync("tar", ["--list", "--file", file], { encoding: "utf8" }).trim().split("\n");
    expect(listed).toEqual([...projects.map((projectId) => `${projectId}.tar.gz`), "manifest.json"]);
  });

  it.each([
    [
      "ends otherwise than well",
      ["sh", "-c", `case "$0" in *${projects[1]}) printf half; exit 1 ;; *) printf x ;; esac`],
    ],
    ["is killed", ["sh", "-c", `case "$0" in *${projects[1]}) printf half; kill -9 $$ ;; *) printf x ;; esac`]],
    ["cannot be started", ["/nonexistent/tar"]],
  ])("fails when what packs one of them %s", async (_, command) => {
    await expect(pack(command)).rejects.toThrow();
    expect(() => parts()).toThrow();
  });

  it("does not write into a file that is there", async () => {
    writeFileSync(file, "kept");
    await expect(pack()).rejects.toThrow(/EEXIST/);
    expect(readFileSync(file, "utf8")).toBe("kept");
  });
});

describe("unpacking them", () => {
  it("reads no part as an archive whose checksum is another [S6]", async () => {
    await pack();
    mkdirSync(join(root, "out"));
    const [first, second] = parts();
    const changed = { ...second!, sha256: "0".repeat(64) };
    await expect(unpackParts(file, [first!, changed], roomy)).rejects.toThrow("checksum");
    expect(readdirSync(join(root, "out"))).toEqual([first!.projectId]);
  });

  it("keeps to the limits for all of them together [S6]", async () => {
    await pack();
    for (const limits of [
      { ...roomy, maxBytes: 400_000 },
      { ...roomy, maxEntries: 5 },
    ]) {
      rmSync(join(root, "out"), { recursive: true, force: true });
      mkdirSync(join(root, "out"));
      await expect(unpackParts(file, parts(), limits)).rejects.toThrow("more than");
    }
  });
});
