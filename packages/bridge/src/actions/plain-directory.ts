import { lchownSync, mkdirSync, realpathSync, statSync } from "node:fs";
import type { WorkspaceDirectory } from "../data-directory.ts";
import type { SystemUser } from "./system-user.ts";

/** Whether a path is a directory and no part of it is a symbolic link, which a run might have put in its place. */
export function isPlainDirectory(path: string): boolean {
  try {
    return realpathSync(path) === path && statSync(path).isDirectory();
  } catch {
    return false; // Not there.
  }
}

/**
 * Makes a workspace's directories. Where it has a user of its own, only `home`, `scratch` and what is in `projects` are that
 * user's: the way to them is ours, so that no run can put something else there. Throws when one has where it could.
 */
export function makeWorkspace(workspace: WorkspaceDirectory, user: SystemUser | null): void {
  // Others may pass, and list nothing: the sandbox of the workspace's user must get through.
  const passable = user === null ? 0o700 : 0o711;
  for (const path of [workspace.path, workspace.projects]) {
    mkdirSync(path, { recursive: true, mode: passable });
    mustBePlain(path);
  }
  for (const path of [workspace.home, workspace.scratch]) makeOwned(path, user);
}

/** Makes a directory that is a workspace's own, in one that is not. */
export function makeOwned(path: string, user: SystemUser | null): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  mustBePlain(path);
  if (user) lchownSync(path, user.uid, user.gid);
}

function mustBePlain(path: string): void {
  if (!isPlainDirectory(path)) throw new Error(`${path} is not a directory any more`);
}
