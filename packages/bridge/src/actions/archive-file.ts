import { createHash } from "node:crypto";
import {
  closeSync,
  constants,
  createReadStream,
  existsSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
} from "node:fs";
import { openSync, readFileSync, renameSync } from "node:fs";
import { basename, join } from "node:path";
import type { ProjectId, RunId } from "@quarterdeck/core/ids";
import type { WorkspaceDirectory } from "../data-directory.ts";
import { fsyncDirectory, writeDurably } from "../durable-file.ts";

/** How archives may be compressed, the better one first. */
export const archiveFormats = [
  { program: "zstd", extension: ".tar.zst" },
  { program: "gzip", extension: ".tar.gz" },
] as const;
export type ArchiveFormat = (typeof archiveFormats)[number];

interface ArchiveIds {
  readonly projectId: ProjectId;
  /** The run that made it. */
  readonly runId: RunId;
}

export function archiveName({ projectId, runId }: ArchiveIds, { extension }: ArchiveFormat): string {
  return `${projectId}.${runId}${extension}`;
}

/** The path of an archive in a folder, whatever it is compressed with; `undefined` when there is none. */
export function findArchive(folder: string, ids: ArchiveIds): string | undefined {
  return archiveFormats.map((format) => join(folder, archiveName(ids, format))).find((path) => existsSync(path));
}

export interface KeptArchive {
  readonly sizeBytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

/**
 * Moves a packed archive to the others. It belongs to the bridge from then on, and its checksum is beside it, durably, before it
 * has its name: an archive without one was not kept.
 */
export async function keepArchive(packed: string, { archives }: WorkspaceDirectory): Promise<KeptArchive> {
  const target = join(archives, basename(packed));
  const descriptor = openSync(packed, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const { nlink, size, uid } = fstatSync(descriptor);
    if (!fstatSync(descriptor).isFile() || nlink !== 1) throw new Error("what was packed is no file of its own");
    const [ownUid, ownGid] = [process.geteuid?.(), process.getegid?.()];
    if (ownUid !== undefined && ownGid !== undefined && uid !== ownUid) fchownSync(descriptor, ownUid, ownGid);
    fchmodSync(descriptor, 0o444);
    fsyncSync(descriptor);
    const sha256 = await hashFile(packed);
    writeDurably(checksumFile(target), `${sha256}  ${basename(target)}\n`);
    renameSync(packed, target);
    fsyncDirectory(archives);
    return { sizeBytes: size, sha256 };
  } finally {
    closeSync(descriptor);
  }
}

/** What was kept, by the file beside it. */
export function readKept(path: string): KeptArchive {
  const descriptor = openSync(path, "r");
  try {
    return { sizeBytes: fstatSync(descriptor).size, sha256: readChecksum(path) };
  } finally {
    closeSync(descriptor);
  }
}

/** Whether an archive is the one whose checksum was kept. */
export async function isWhole(path: string): Promise<boolean> {
  return existsSync(checksumFile(path)) && (await hashFile(path)) === readChecksum(path);
}

function checksumFile(path: string): string {
  return `${path}.sha256`;
}

function readChecksum(path: string): string {
  return readFileSync(checksumFile(path), "utf8").split(" ")[0] ?? "";
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 })) hash.update(chunk as Buffer);
  return hash.digest("hex");
}
