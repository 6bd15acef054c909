import type { Stats } from "node:fs";
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { insideOf, openFoundDirectory, type FoundDirectory } from "../disk/found-directory.ts";
import { isGone } from "./group-files.ts";

const blockBytes = 512;

/** What a folder takes on the disk, in bytes; a file with several names counts once. What disappears meanwhile counts nothing. */
export async function folderBytes(folder: string): Promise<number> {
  const top = await lookAt(folder);
  if (top === undefined) return 0;
  const seen = new Set<number>();
  let bytes = top.blocks * blockBytes;
  const pending: FoundDirectory[] = top.isDirectory() ? [{ path: folder, stats: top }] : [];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    await using opened = await openFoundDirectory(next);
    if (opened === undefined) continue;
    const inside = insideOf(opened);
    for (const name of await readdir(inside)) {
      const found = await lookAt(`${inside}/${name}`);
      if (found === undefined) continue;
      if (found.isDirectory()) pending.push({ path: join(next.path, name), stats: found });
      else if (found.nlink > 1) {
        if (seen.has(found.ino)) continue;
        seen.add(found.ino);
      }
      bytes += found.blocks * blockBytes;
    }
  }
  return bytes;
}

async function lookAt(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}
