import { closeSync, constants, fchmodSync, fchownSync, fstatSync, mkdirSync, openSync } from "node:fs";
import type { SystemUser } from "./workspace-users.ts";

/**
 * Makes a folder, if it is not there, that belongs to a workspace's user and that only it can read. What is opened is what gets the
 * owner, and a link is not opened: the user may have put one there.
 */
export function makeOwnFolder(path: string, user: SystemUser | null): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    const stat = fstatSync(descriptor);
    if ((stat.mode & 0o077) !== 0) fchmodSync(descriptor, 0o700);
    if (user !== null && (stat.uid !== user.uid || stat.gid !== user.gid)) fchownSync(descriptor, user.uid, user.gid);
  } finally {
    closeSync(descriptor);
  }
}
