import { accessSync, constants, statSync } from "node:fs";
import { isAbsolute, join } from "node:path";

const standardFolders = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/** The folders where programs are looked for: the owner's own PATH, without those of package managers' runs, then the usual ones. */
export function searchPath(ownPath: string | undefined): string[] {
  const own = (ownPath ?? "")
    .split(":")
    .filter((folder) => isAbsolute(folder) && !/\/node_modules\/|\/node-gyp-bin$/.test(`${folder}/`));
  return [...new Set([...own, ...standardFolders])];
}

/** The absolute path of a program, or `undefined` where no folder has it. A name with a slash is never found. */
export function findProgram(name: string, folders: readonly string[]): string | undefined {
  if (name.includes("/") || name === "") return undefined;
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false; // Not there, or not for us: the next folder may have it.
  }
}
