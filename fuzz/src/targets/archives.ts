import type { RunId, WorkspaceId } from "@quarterdeck/core/ids";
import { parseWorkspaceArchive } from "../../../packages/bridge/src/actions/workspace-archive-file.ts";
import { readTar } from "../../../packages/bridge/src/update/read-tar.ts";
import { mustHold, type FuzzTarget } from "../fuzz-target.ts";

const folder = "package/";

function read(text: string): ReturnType<typeof readTar> | undefined {
  const archive = Buffer.from(text, "latin1");
  try {
    const files = readTar(archive);
    const bytes = files.reduce((sum, { content }) => sum + content.length, 0);
    mustHold(bytes <= archive.length, "an archive gave more than it is");
    return files;
  } catch (error) {
    mustHold(error instanceof Error && error.constructor === Error, `an archive is refused with ${String(error)}`);
    return undefined;
  }
}

/** The package of a new bridge: every file that it holds is below its folder and there once. */
export const archive: FuzzTarget = {
  name: "archive",
  grammar: "text",
  shapes: [{ name: "archive", isOne: (text) => (read(text)?.length ?? 0) > 0 }],
  check(text) {
    const names = (read(text) ?? []).map(({ name }) => name);
    mustHold(new Set(names).size === names.length, "an archive holds a file twice");
    for (const name of names) {
      const isInside = name.startsWith(folder) && !name.split("/").some((part) => part === ".." || part === "");
      mustHold(isInside, `an archive writes to ${name}`);
    }
  },
};

const nobody = "0".repeat(26);
const ids = { ownerId: `ws_${nobody}` as WorkspaceId, runId: `run_${nobody}` as RunId };

function readParts(text: string): ReturnType<typeof parseWorkspaceArchive> | undefined {
  const archive = Buffer.from(text, "latin1");
  const readAt = (position: number, bytes: number) => {
    mustHold(position >= 0 && bytes >= 0, `it reads ${bytes} bytes at ${position}`);
    if (position + bytes > archive.length) throw new Error("the archive is cut short");
    return archive.subarray(position, position + bytes);
  };
  try {
    return parseWorkspaceArchive(readAt, ids);
  } catch (error) {
    mustHold(error instanceof Error && error.constructor === Error, `an archive is refused with ${String(error)}`);
    return undefined;
  }
}

/** The archive of a workspace, which a program of its user wrote: each part is in it, and no two are about the same. */
export const workspaceArchive: FuzzTarget = {
  name: "workspace-archive",
  grammar: "text",
  shapes: [{ name: "workspace archive", isOne: (text) => (readParts(text)?.length ?? 0) > 0 }],
  check(text) {
    const parts = readParts(text) ?? [];
    mustHold(new Set(parts.map(({ projectId }) => projectId)).size === parts.length, "a project is in it twice");
    for (const [index, { start, end }] of parts.entries()) {
      const isInside = start > (parts[index - 1]?.end ?? 0) && end >= start && end < Buffer.byteLength(text, "latin1");
      mustHold(isInside, `a part is at ${start} to ${end}`);
    }
  },
};
