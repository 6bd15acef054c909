import { basename, dirname, join, sep } from "node:path";

/** Folders of the system that every run sees, so that what lies in them needs nothing more. */
export const systemFolders = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"] as const;

/** What lies beside a folder of programs and is a part of them. Not `share`: homes keep data there. */
const besidePrograms = ["lib", "lib64", "libexec", "include"];

export function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder === sep ? sep : `${folder}${sep}`);
}

interface ToolQuestion {
  /** Where programs are looked for. */
  readonly folders: readonly string[];
  /** What runs must not see. */
  readonly hidden: readonly string[];
  /** Of the bridge's own user. */
  readonly home: string;
  readonly exists: (path: string) => boolean;
}

/**
 * The folders that programs installed outside the system's own need: where they are, and what belongs to them. Version managers put
 * small programs into `shims` that need all of the manager. A folder that holds something hidden, or a whole home, is left out.
 */
export function toolFolders({ folders, hidden, home, exists }: ToolQuestion): string[] {
  const wanted = folders.flatMap((folder) => {
    const above = dirname(folder);
    if (basename(folder) === "shims") return [above];
    if (basename(folder) !== "bin" && basename(folder) !== "sbin") return [folder];
    return [folder, ...besidePrograms.map((name) => join(above, name))];
  });
  const fitting = wanted.filter(
    (folder) =>
      folder.split(sep).length > 2 &&
      !isWithin(home, folder) &&
      !systemFolders.some((system) => isWithin(folder, system)) &&
      !hidden.some((path) => isWithin(path, folder) || isWithin(folder, path)) &&
      exists(folder),
  );
  const outermost = [...new Set(fitting)].toSorted((a, b) => a.length - b.length);
  return outermost.filter((folder, index) => !outermost.slice(0, index).some((outer) => isWithin(folder, outer)));
}
