import { lstatSync, realpathSync, statSync } from "node:fs";

/** Whether a path is a directory and no part of it is a symbolic link, which a run might have put in its place. */
export function isPlainDirectory(path: string): boolean {
  try {
    return realpathSync(path) === path && statSync(path).isDirectory();
  } catch {
    return false; // Not there.
  }
}

/** Whether anything has a path, a link that leads nowhere included. */
export function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
