import type { Stats } from "node:fs";
import { lstat, opendir } from "node:fs/promises";
import { join } from "node:path";
import { insideOf, openFoundDirectory, type FoundDirectory } from "../disk/found-directory.ts";

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
  const waiting: FoundDirectory[] = [{ path: root, stats: top }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    await using opened = await openFoundDirectory(next).catch(() => undefined); // It may not be read.
    if (opened === undefined) {
      if (next.path === root) return null;
      continue;
    }
    const inside = insideOf(opened);
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
