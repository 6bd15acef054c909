import { existsSync, renameSync } from "node:fs";
import { isDiskFull } from "../disk/disk-full.ts";
import type { Log } from "../log.ts";
import { errorMessage } from "../log.ts";
import { JournalDamaged } from "./journal-file.ts";
import { Journal } from "./journal.ts";
import type { JournalSteps } from "./schema.ts";

interface OpenOptions {
  readonly nowMs: number;
  readonly log: Log;
  /** There is no room. @returns whether some was made, so that it may work now */
  readonly onFull: () => boolean;
  readonly steps?: JournalSteps;
}

/**
 * Opens the journal. A damaged one is put aside and a new session begins: the relay then sends again what was never
 * acknowledged, and ends as indeterminate what was; start markers keep anything from starting twice.
 */
export function openJournal(path: string, options: OpenOptions): Journal {
  const { nowMs, log, onFull, steps } = options;
  try {
    return Journal.open(path, nowMs, steps);
  } catch (error) {
    if (isDiskFull(error) && onFull()) return openJournal(path, options);
    if (!(error instanceof JournalDamaged)) throw error;
    log.error("the journal cannot be trusted and is put aside; a new session begins", { reason: errorMessage(error) });
    putJournalAside(path, nowMs);
    return openJournal(path, options);
  }
}

/** Renames a journal that is not to be used any more; it stays for whoever wants to look into it. */
export function putJournalAside(path: string, nowMs: number): void {
  for (const suffix of ["", "-wal", "-shm"])
    if (existsSync(`${path}${suffix}`)) renameSync(`${path}${suffix}`, `${path}.damaged-${nowMs}${suffix}`);
}
