import { constants, type Stats } from "node:fs";
import { lstat, open, opendir, type FileHandle } from "node:fs/promises";
import { join } from "node:path";

export interface WalkOptions {
  /** So many entries are looked at, and what comes after them is not counted. */
  readonly mostEntries: number;
  /** After so many of them somebody else has a turn. */
  readonly entriesPerTurn: number;
  /** Is waited for. False: the walk is to end. */
  readonly turn: () => Promise<boolean>;
  /** A directory of the tree that is left out, with all that is in it. */
  readonly except?: string;
}

/** A directory that waits for its turn, as it was when it was found. */
interface Found {
  readonly path: string;
  readonly stats: Pick<Stats, "dev" | "ino">;
}

const blockBytes = 512;

/**
 * Adds up what a directory takes on its disk. It follows no link and leaves its file system for nothing, what has several
 * names counts in parts, and what disappears or cannot be read meanwhile is passed over: whatever a tree is made of, the
 * walk ends. Root walks through what users change meanwhile: what is read is the directory that was found, or nothing.
 *
 * @returns bytes; null where the directory cannot be read, or the walk was ended
 */
export async function walkDisk(root: string, { mostEntries, entriesPerTurn, turn, except }: WalkOptions) {
  const top = await lookAt(root);
  if (top === undefined || !top.isDirectory()) return null;
  let bytes = top.blocks * blockBytes;
  let seen = 0;
  const waiting: Found[] = [{ path: root, stats: top }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    await using opened = await openFound(next);
    if (opened === undefined) {
      if (next.path === root) return null;
      continue;
    }
    const inside = `/proc/self/fd/${opened.fd}`;
    for await (const { name } of await opendir(inside)) {
      if (++seen > mostEntries) return Math.round(bytes);
      if (seen % entriesPerTurn === 0 && !(await turn())) return null;
      const path = join(next.path, name);
      const stats = path === except ? undefined : await lookAt(`${inside}/${name}`);
      if (stats === undefined || stats.dev !== top.dev) continue;
      if (stats.isDirectory()) waiting.push({ path, stats });
      bytes += (stats.blocks * blockBytes) / (stats.isDirectory() ? 1 : stats.nlink || 1);
    }
  }
  return Math.round(bytes);
}

/** Undefined: it is gone, may not be looked at, or its name is too long for the kernel. */
async function lookAt(path: string): Promise<Stats | undefined> {
  return await lstat(path).catch(() => undefined);
}

/** Undefined: it cannot be read, or something else is in its place by now. */
async function openFound({ path, stats }: Found): Promise<FileHandle | undefined> {
  const opened = await open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW).catch(
    () => undefined,
  );
  const now = await opened?.stat();
  if (now?.dev === stats.dev && now.ino === stats.ino) return opened;
  await opened?.close();
  return undefined;
}
