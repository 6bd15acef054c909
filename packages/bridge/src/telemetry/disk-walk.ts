import type { Stats } from "node:fs";
import { lstat, opendir } from "node:fs/promises";
import { join } from "node:path";

interface WalkOptions {
  /** So many entries are looked at, and what comes after them is not counted. */
  readonly mostEntries: number;
  /** After so many of them somebody else has a turn. */
  readonly entriesPerTurn: number;
  /** Is waited for. False: the walk is to end. */
  readonly turn: () => Promise<boolean>;
}

const blockBytes = 512;

/**
 * Adds up what a directory takes on its disk. It follows no link and leaves its file system for nothing, what has several
 * names counts in parts, and what disappears or cannot be read meanwhile is passed over: whatever a tree is made of, the
 * walk ends.
 *
 * @returns bytes; null where the directory cannot be read, or the walk was ended
 */
export async function walkDisk(root: string, { mostEntries, entriesPerTurn, turn }: WalkOptions) {
  const top = await lookAt(root);
  if (top === undefined || !top.isDirectory()) return null;
  let bytes = top.blocks * blockBytes;
  let seen = 0;
  const waiting = [root];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const directory = await opendir(path).catch(() => undefined);
    if (directory === undefined) {
      if (path === root) return null;
      continue;
    }
    for await (const { name } of directory) {
      if (++seen > mostEntries) return Math.round(bytes);
      if (seen % entriesPerTurn === 0 && !(await turn())) return null;
      const found = await lookAt(join(path, name));
      if (found === undefined || found.dev !== top.dev) continue;
      if (found.isDirectory()) waiting.push(join(path, name));
      bytes += (found.blocks * blockBytes) / (found.isDirectory() ? 1 : found.nlink || 1);
    }
  }
  return Math.round(bytes);
}

/** Undefined: it is gone, may not be looked at, or its name is too long for the kernel. */
async function lookAt(path: string): Promise<Stats | undefined> {
  return await lstat(path).catch(() => undefined);
}
