import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { isGone } from "./group-files.ts";

const blockBytes = 512;

/** What a folder takes on the disk, in bytes; a file with several names counts once. What disappears meanwhile counts nothing. */
export async function folderBytes(folder: string): Promise<number> {
  const seen = new Set<number>();
  let bytes = 0;
  const pending = [folder];
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    try {
      const found = await lstat(path);
      if (found.nlink > 1 && !found.isDirectory()) {
        if (seen.has(found.ino)) continue;
        seen.add(found.ino);
      }
      bytes += found.blocks * blockBytes;
      if (found.isDirectory()) for (const name of await readdir(path)) pending.push(join(path, name));
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }
  return bytes;
}
