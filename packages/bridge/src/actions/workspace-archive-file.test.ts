import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ProjectId, RunId, WorkspaceId } from "@quarterdeck/core/ids";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { newId } from "../../test/fake-platform.ts";
import { tarHeader } from "./pack-workspace.ts";
import { parseHeader } from "./unpack-archive.ts";
import { readWorkspaceArchive } from "./workspace-archive-file.ts";

const ownerId = newId("workspace") as WorkspaceId;
const runId = newId("run") as RunId;
const projectId = newId("project") as ProjectId;
const sha256 = "0".repeat(64);

let root: string;
let file: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "qd-container-"));
  file = join(root, "archive.tar");
});
afterEach(() => rmSync(root, { recursive: true }));

interface Member {
  readonly name: string;
  readonly content: string;
  /** What the header says, whatever there is. */
  readonly size?: number;
}

function container(members: readonly Member[]): void {
  const blocks = members.flatMap(({ name, content, size = content.length }) => [
    tarHeader(name, size),
    Buffer.from(content),
    Buffer.alloc((512 - (content.length % 512)) % 512),
  ]);
  writeFileSync(file, Buffer.concat([...blocks, Buffer.alloc(1024)]));
}

const part = { name: `${projectId}.tar.gz`, content: "packed" };
const entry = { projectId, file: part.name, sizeBytes: part.content.length, sha256 };
const said = { v: 1, workspaceId: ownerId, runId, projects: [entry] };
const manifest = (change: object = {}): Member => ({
  name: "manifest.json",
  content: JSON.stringify({ ...said, ...change }),
});
const read = () => readWorkspaceArchive(file, { ownerId, runId });

describe("the archive of a workspace", () => {
  it("says where each project is in it", () => {
    container([part, manifest()]);
    expect(read()).toEqual([{ projectId, sizeBytes: 6, sha256, start: 512, end: 517, isZstd: false }]);
  });

  it.each([
    ["has no manifest", [part]],
    ["has its manifest elsewhere than at the end", [manifest(), part]],
    ["has a manifest that is none", [part, { name: "manifest.json", content: "{" }]],
    ["has a manifest that says more", [part, manifest({ more: true })]],
    ["is of another workspace", [part, manifest({ workspaceId: newId("workspace") })]],
    ["is of another run", [part, manifest({ runId: newId("run") })]],
    ["holds a project that its manifest does not name", [part, part, manifest()]],
    ["holds fewer than its manifest names", [manifest()]],
    ["names a project twice", [part, part, manifest({ projects: [entry, entry] })]],
    ["names a folder elsewhere", [part, manifest({ projects: [{ ...entry, projectId: "../../etc" }] })]],
    ["gives a project another size", [part, manifest({ projects: [{ ...entry, sizeBytes: 5 }] })]],
    ["holds a file by another name", [{ ...part, name: "x.tar.gz" }, manifest()]],
    ["is cut short", [{ ...part, size: 1_000_000 }]],
    ["has a manifest of a size without end", [part, { ...manifest(), size: 2 ** 40 }]],
  ] as const)("that %s is refused [S6]", (_, members) => {
    container(members);
    expect(read).toThrow();
  });

  it("that is a link to another file is not opened [S6]", () => {
    container([part, manifest()]);
    const link = join(root, "link.tar");
    symlinkSync(file, link);
    expect(() => readWorkspaceArchive(link, { ownerId, runId })).toThrow(/ELOOP/);
  });

  it("has headers that say any size, also one of more than eight gigabytes", () => {
    fc.assert(
      fc.property(fc.nat(2 ** 47), (size) => {
        expect(parseHeader(tarHeader("x", size))).toMatchObject({ name: "x", type: "0", size });
      }),
    );
    for (const size of [8 ** 11 - 1, 8 ** 11]) expect(parseHeader(tarHeader("x", size))?.size).toBe(size);
  });
});
