import { statSync } from "node:fs";
import { dirname } from "node:path";

interface User {
  readonly uid: number;
  readonly gid: number;
}

const nobody: User = { uid: 65_534, gid: 65_534 };

/** Whom a test that is root runs as what must not be: nobody, who must be able to read the sources. Undefined where it is itself. */
export function ordinaryUser(): User | undefined {
  if (process.getuid?.() !== 0) return undefined;
  for (let folder = import.meta.dirname; folder !== "/"; folder = dirname(folder))
    if ((statSync(folder).mode & 0o005) !== 0o005) return undefined;
  return nobody;
}
