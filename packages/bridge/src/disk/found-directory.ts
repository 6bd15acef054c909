import { constants, type Stats } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";

/** A directory as it was when it was found. */
export interface FoundDirectory {
  readonly path: string;
  readonly stats: Pick<Stats, "dev" | "ino">;
}

/** What the kernel answers about a path at which there is no directory any more. */
const goneCodes = ["ENOENT", "ENOTDIR", "ELOOP"];

/**
 * Opens the directory that was found, or nothing. Root looks through what users change meanwhile, and whoever puts a link in the
 * place of a directory, or of one above it, must not have it follow that. What is in it is then named by `insideOf`.
 *
 * @returns undefined where it is gone, or something else is in its place
 */
export async function openFoundDirectory({ path, stats }: FoundDirectory): Promise<FileHandle | undefined> {
  const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
  const opened = await open(path, flags).catch((error: NodeJS.ErrnoException) => {
    if (goneCodes.includes(error.code ?? "")) return undefined;
    throw error;
  });
  const now = await opened?.stat();
  if (now?.dev === stats.dev && now.ino === stats.ino) return opened;
  await opened?.close();
  return undefined;
}

/** The path of an open directory, whatever its name is by now. */
export function insideOf({ fd }: Pick<FileHandle, "fd">): string {
  return `/proc/self/fd/${fd}`;
}
