import { realpathSync, statSync } from "node:fs";

/** Whether a path is a directory and no part of it is a symbolic link, which a run might have put in its place. */
export function isPlainDirectory(path: string): boolean {
  try {
    return realpathSync(path) === path && statSync(path).isDirectory();
  } catch {
    return false; // Not there.
  }
}
