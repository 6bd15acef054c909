import type { RunId } from "@quarterdeck/core/ids";
import { firstRow, readNumber, type Sql } from "./sql.ts";

/** What is remembered of a run that is no longer here: that it ended, or that it was cancelled before it came. */
export type EndedState = "ended" | "tombstone";

export function findEnded(sql: Sql, runId: RunId): EndedState | undefined {
  const row = firstRow(sql, `SELECT is_tombstone FROM ended_runs WHERE run_id = ?`, runId);
  if (!row) return undefined;
  return readNumber(row, "is_tombstone") === 1 ? "tombstone" : "ended";
}

/** Whether a run ended here and did what it was to do. Of one that is forgotten nobody knows, so it did not. */
export function hasSucceeded(sql: Sql, runId: RunId): boolean {
  const row = firstRow(sql, `SELECT has_succeeded FROM ended_runs WHERE run_id = ?`, runId);
  return row !== undefined && readNumber(row, "has_succeeded") === 1;
}

interface Remembered {
  readonly state: EndedState;
  readonly atMs: number;
  readonly hasSucceeded?: boolean;
}

export function rememberEnded(sql: Sql, runId: RunId, { state, atMs, hasSucceeded: isGood = false }: Remembered): void {
  sql.exec(
    `INSERT INTO ended_runs (run_id, at_ms, is_tombstone, has_succeeded) VALUES (?, ?, ?, ?)
     ON CONFLICT (run_id) DO UPDATE SET is_tombstone = excluded.is_tombstone, has_succeeded = excluded.has_succeeded`,
    runId,
    atMs,
    state === "tombstone" ? 1 : 0,
    isGood ? 1 : 0,
  );
}

export function forgetEndedBefore(sql: Sql, beforeMs: number): void {
  sql.exec(`DELETE FROM ended_runs WHERE at_ms < ?`, beforeMs);
}
