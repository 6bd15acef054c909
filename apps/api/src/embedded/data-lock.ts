import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { takeExclusiveLock } from "../db/exclusive-lock.ts";

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

/** Takes a data directory for this process, or throws. The directory must be there. */
export function lockDataDirectory(dataDir: string, holder: Holder): { release(): void } {
  const holderFile = join(dataDir, "lock-holder.json");
  const lock = takeExclusiveLock(join(dataDir, "lock.db"));
  if (lock === null) {
    throw new DataInUseError(
      `${dataDir} is in use by ${describeHolder(holderFile)}. Stop it first, or choose another directory with --data.`,
    );
  }
  writeFileSync(holderFile, JSON.stringify(holder));
  return lock;
}

function describeHolder(holderFile: string): string {
  try {
    const holder = holderSchema.parse(JSON.parse(readFileSync(holderFile, "utf8")));
    return `another Quarterdeck (process ${holder.pid}, ${holder.address}, since ${new Date(holder.sinceMs).toLocaleString()})`;
  } catch {
    return "another Quarterdeck"; // It has the lock and has not written who it is yet.
  }
}
