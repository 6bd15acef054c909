import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import * as z from "zod";

const holderSchema = z.object({ pid: z.number(), address: z.string(), sinceMs: z.number() });

export interface Holder {
  readonly pid: number;
  readonly address: string;
  readonly sinceMs: number;
}

/** The data directory belongs to another process. */
export class DataInUseError extends Error {
  override readonly name = "DataInUseError";
}

/**
 * Takes a data directory for this process, or throws. The lock is SQLite's on a file of its own: the kernel frees it when
 * the process ends, however it ends, so it is never left behind. The directory must be there.
 */
export function lockDataDirectory(dataDir: string, holder: Holder): { release(): void } {
  const holderFile = join(dataDir, "lock-holder.json");
  const database = new DatabaseSync(join(dataDir, "lock.db"));
  try {
    database.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    if (!(error instanceof Error && /locked|busy/i.test(error.message))) throw error;
    throw new DataInUseError(
      `${dataDir} is in use by ${describeHolder(holderFile)}. Stop it first, or choose another directory with --data.`,
    );
  }
  writeFileSync(holderFile, JSON.stringify(holder));
  return { release: () => database.close() };
}

function describeHolder(holderFile: string): string {
  try {
    const holder = holderSchema.parse(JSON.parse(readFileSync(holderFile, "utf8")));
    return `another Quarterdeck (process ${holder.pid}, ${holder.address}, since ${new Date(holder.sinceMs).toLocaleString()})`;
  } catch {
    return "another Quarterdeck"; // It has the lock and has not written who it is yet.
  }
}
