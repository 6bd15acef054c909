import { nextMeanMs } from "@quarterdeck/core/scheduling/duration-estimate";
import { firstRow, readNumber, type Sql } from "./sql.ts";

/** The most means that are kept; those that were not used for longest go. */
const mostDurations = 2000;

/** Whose runs take about as long as each other. */
export interface DurationKey {
  readonly projectId: string | null;
  readonly action: string;
}

/** How long runs of an action took in a project so far, or `null`. */
export function readMeanMs(sql: Sql, key: DurationKey): number | null {
  const row = firstRow(sql, `SELECT mean_ms FROM durations WHERE key = ?`, textOf(key));
  return row ? readNumber(row, "mean_ms") : null;
}

/** Counts one more duration into the mean. */
export function rememberDuration(
  sql: Sql,
  key: DurationKey,
  { durationMs, nowMs }: { readonly durationMs: number; readonly nowMs: number },
): void {
  const before = readMeanMs(sql, key);
  sql.exec(
    `INSERT INTO durations (key, mean_ms, used_at_ms) VALUES (?, ?, ?)
     ON CONFLICT (key) DO UPDATE SET mean_ms = excluded.mean_ms, used_at_ms = excluded.used_at_ms`,
    textOf(key),
    nextMeanMs(before, durationMs),
    nowMs,
  );
  if (before !== null) return;
  sql.exec(
    `DELETE FROM durations WHERE key IN (SELECT key FROM durations ORDER BY used_at_ms DESC LIMIT -1 OFFSET ?)`,
    mostDurations,
  );
}

function textOf({ projectId, action }: DurationKey): string {
  return `${action} ${projectId ?? ""}`;
}
