import { takeExclusiveLock } from "./exclusive-lock.ts";

/** Another process has the database file open. */
export class DatabaseInUseError extends Error {
  override readonly name = "DatabaseInUseError";
}

/**
 * Takes a database file for this process. A file has one: it takes over what the one before left undone, and counts on nobody else
 * writing.
 *
 * @param filePath null where the database is a server, which any number may use
 * @throws DatabaseInUseError when another process has it
 */
export function lockDatabase(filePath: string | null): { release(): void } {
  if (filePath === null) return { release: () => undefined };
  const lock = takeExclusiveLock(`${filePath}.lock`);
  if (lock !== null) return lock;
  throw new DatabaseInUseError(
    `Another process has the database ${filePath} open, and a file can have one only. Stop it first, or give both a database on a libSQL server (QUARTERDECK_DATABASE_URL).`,
  );
}
