import { mkdirSync, realpathSync, statSync } from "node:fs";
import type { WorkspaceDirectory } from "../data-directory.ts";

/** Whether a path is a directory and no part of it is a symbolic link, which a run might have put in its place. */
export function isPlainDirectory(path: string): boolean {
  try {
    return realpathSync(path) === path && statSync(path).isDirectory();
  } catch {
    return false; // Not there.
  }
}

/** Makes a workspace's directories. Throws when a run has put something else in the place of one. */
export function makeWorkspace(workspace: WorkspaceDirectory): void {
  for (const path of [workspace.path, workspace.home, workspace.scratch, workspace.projects]) {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    if (!isPlainDirectory(path)) throw new Error(`${path} is not a directory any more`);
  }
}
