import { existsSync, renameSync } from "node:fs";
import type { Log } from "../log.ts";
import { errorMessage } from "../log.ts";
import { Journal, JournalDamaged } from "./journal.ts";

/**
 * Opens the journal. A damaged one is put aside and a new session begins: the relay then sends again what was never
 * acknowledged, and ends as indeterminate what was; start markers keep anything from starting twice.
 */
export function openJournal(path: string, nowMs: number, log: Log): Journal {
  try {
    return Journal.open(path, nowMs);
  } catch (error) {
    if (!(error instanceof JournalDamaged)) throw error;
    const aside = `${path}.damaged-${nowMs}`;
    log.error("the journal is damaged and was put aside; a new session begins", {
      reason: errorMessage(error),
      file: aside,
    });
    for (const suffix of ["", "-wal", "-shm"]) {
      if (existsSync(`${path}${suffix}`)) renameSync(`${path}${suffix}`, `${aside}${suffix}`);
    }
    return Journal.open(path, nowMs);
  }
}
