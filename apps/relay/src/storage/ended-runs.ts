import type { RunId } from "@quarterdeck/core/ids";
import { firstRow, readNumber, type Sql } from "./sql.ts";

/** What is remembered of a run that is no longer here: that it ended, or that it was cancelled before it came. */
export type EndedState = "ended" | "tombstone";

export function findEnded(sql: Sql, runId: RunId): EndedState | undefined {
  const row = firstRow(sql, `SELECT is_tombstone FROM ended_runs WHERE run_id = ?`, runId);
  if (!row) return undefined;
  return readNumber(row, "is_tombstone") === 1 ? "tombstone" : "ended";
}

export function rememberEnded(sql: Sql, runId: RunId, { state, atMs }: { state: EndedState; atMs: number }): void {
  sql.exec(
    `INSERT INTO ended_runs (run_id, at_ms, is_tombstone) VALUES (?, ?, ?)
     ON CONFLICT (run_id) DO UPDATE SET is_tombstone = excluded.is_tombstone`,
    runId,
    atMs,
    state === "tombstone" ? 1 : 0,
  );
}

export function forgetEndedBefore(sql: Sql, beforeMs: number): void {
  sql.exec(`DELETE FROM ended_runs WHERE at_ms < ?`, beforeMs);
}
