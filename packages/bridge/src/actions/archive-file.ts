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
import { openSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { idSchema, type ProjectId, type RunId, type WorkspaceId } from "@quarterdeck/core/ids";
import { mostListedArchives } from "@quarterdeck/core/protocol/archive-report";
import type { WorkspaceDirectory } from "../data-directory.ts";
import { fsyncDirectory, writeDurably } from "../durable-file.ts";

/** How archives may be compressed, the better one first. */
export const archiveFormats = [
  { program: "zstd", extension: ".tar.zst" },
  { program: "gzip", extension: ".tar.gz" },
] as const;
export type ArchiveFormat = (typeof archiveFormats)[number];

/** What an archive of a workspace ends in: its projects' archives, each compressed, in one file. */
const ofWorkspace = ".tar";
const extensions = [...archiveFormats.map(({ extension }) => extension), ofWorkspace];

/** Whose an archive is. */
export type ArchiveOwner = ProjectId | WorkspaceId;

export interface ArchiveIds {
  readonly ownerId: ArchiveOwner;
  /** The run that made it. */
  readonly runId: RunId;
}

export function archiveName({ ownerId, runId }: ArchiveIds, format: ArchiveFormat | "ofWorkspace"): string {
  return `${ownerId}.${runId}${format === "ofWorkspace" ? ofWorkspace : format.extension}`;
}

/** The path of an archive in a folder, whatever it is compressed with; `undefined` when there is none. */
export function findArchive(folder: string, { ownerId, runId }: ArchiveIds): string | undefined {
  return extensions
    .map((extension) => join(folder, `${ownerId}.${runId}${extension}`))
    .find((path) => existsSync(path));
}

/** The archives of an owner, by the runs that made them, the newest first. */
export function listArchives(folder: string, ownerId: ArchiveOwner): RunId[] {
  if (!existsSync(folder)) return [];
  const runIds = readdirSync(folder).flatMap((name) => {
    const [owner, runId, ...rest] = name.split(".");
    const isOne = owner === ownerId && extensions.includes(`.${rest.join(".")}`);
    const parsed = idSchema("run").safeParse(runId);
    return isOne && parsed.success ? [parsed.data] : [];
  });
  return [...new Set(runIds)].toSorted().toReversed().slice(0, mostListedArchives);
}

/** Removes an archive with its checksum; one that is not there is removed already. */
export function removeArchive(folder: string, { ownerId, runId }: ArchiveIds): void {
  if (!existsSync(folder)) return;
  const paths = extensions.map((extension) => join(folder, `${ownerId}.${runId}${extension}`));
  for (const path of paths) rmSync(path, { force: true });
  for (const path of paths) rmSync(checksumFile(path), { force: true });
  fsyncDirectory(folder);
}

/**
 * Removes the oldest archives beyond those that may be kept beside one that was just made. Asked again later, for the same one, it removes
 * nothing that came since.
 *
 * @returns what there is then
 */
export function pruneArchives(folder: string, made: ArchiveIds, keeps: number): RunId[] {
  const older = listArchives(folder, made.ownerId).filter((runId) => runId < made.runId);
  for (const runId of older.slice(keeps - 1)) removeArchive(folder, { ...made, runId });
  return listArchives(folder, made.ownerId);
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
    try {
      writeDurably(checksumFile(target), `${sha256}  ${basename(target)}\n`);
      renameSync(packed, target);
    } catch (error) {
      rmSync(checksumFile(target), { force: true });
      throw error;
    }
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
