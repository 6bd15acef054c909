// Also the text of a program: in a workspace of another user it is that user who looks (see files-list.ts). So it imports
// nothing but Node's own modules.
import { closeSync, constants, lstatSync, openSync, readdirSync, readlinkSync, type Stats } from "node:fs";
import { join, sep } from "node:path";

const maxEntries = 1000;

interface Entry {
  readonly name: string;
  readonly kind: "file" | "directory" | "symlink" | "other";
  readonly sizeBytes: number | null;
  readonly modifiedAtMs: number;
}

function describe(name: string, stat: Stats): Entry {
  const kind = stat.isFile() ? "file" : stat.isDirectory() ? "directory" : stat.isSymbolicLink() ? "symlink" : "other";
  return { name, kind, sizeBytes: kind === "file" ? stat.size : null, modifiedAtMs: Math.round(stat.mtimeMs) };
}

/**
 * Lists a directory below `root`. It is opened first and checked after: whatever is renamed or linked meanwhile, what was
 * opened is what is read.
 *
 * @returns `undefined` when the path is no directory inside `root`
 */
export function listDirectory(root: string, path: string): { entries: Entry[]; isCut: boolean } | undefined {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..") || parts.includes(".git") || path.includes("\0")) return undefined;
  let descriptor: number;
  try {
    descriptor = openSync(join(root, ...parts), constants.O_RDONLY | constants.O_DIRECTORY);
  } catch {
    return undefined; // Not there, not a directory, or not for us to read.
  }
  try {
    const opened = `/proc/self/fd/${descriptor}`;
    const real = readlinkSync(opened);
    if (real !== root && !real.startsWith(`${root}${sep}`)) return undefined;
    const names = readdirSync(opened).filter((name) => name !== ".git");
    const entries = names.flatMap((name) => {
      const stat = lstatSync(join(opened, name), { throwIfNoEntry: false });
      return stat ? [describe(name, stat)] : [];
    });
    const rank = (entry: Entry) => (entry.kind === "directory" ? 0 : 1);
    entries.sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1));
    return { entries: entries.slice(0, maxEntries), isCut: entries.length > maxEntries };
  } finally {
    closeSync(descriptor);
  }
}
