import { DatabaseSync } from "node:sqlite";

/** Only one bridge may use a data directory: two would each run what the other is running. */
export interface DataLock {
  release(): void;
}

/**
 * Takes the lock of a data directory. The kernel drops it when this process ends, however it ends.
 *
 * @returns `undefined` when another process holds it
 */
export function takeDataLock(lockFile: string): DataLock | undefined {
  const database = new DatabaseSync(lockFile);
  try {
    database.exec("PRAGMA busy_timeout = 0; PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    if (error instanceof Error && "errcode" in error && (error.errcode === 5 || error.errcode === 261))
      return undefined;
    throw error;
  }
  return { release: () => database.close() };
}
