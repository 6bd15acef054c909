import { DatabaseSync } from "node:sqlite";

/**
 * Takes a file for this process, and makes it if it is not there; null where another holds it. The lock is SQLite's on a file of
 * its own: the kernel frees it when the process ends, however it ends, so it is never left behind.
 */
export function takeExclusiveLock(path: string): { release(): void } | null {
  const database = new DatabaseSync(path);
  try {
    database.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    if (error instanceof Error && /locked|busy/i.test(error.message)) return null;
    throw error;
  }
  return {
    release() {
      if (database.isOpen) database.close(); // Whoever stops twice has stopped.
    },
  };
}
