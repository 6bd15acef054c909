import { firstRow, readNumber, type Sql } from "./sql.ts";

/** @param atMs by the clock of the API. The newest counts, whatever order they come in. */
export function rememberRevocation(sql: Sql, userId: string, atMs: number): void {
  sql.exec(
    `INSERT INTO revoked_viewers (user_id, at_ms) VALUES (?, ?) ON CONFLICT (user_id) DO UPDATE SET at_ms = max(at_ms, excluded.at_ms)`,
    userId,
    atMs,
  );
}

/** When a user's right to watch was taken; `null` when that is long ago or never was. */
export function findRevocation(sql: Sql, userId: string): number | null {
  const row = firstRow(sql, `SELECT at_ms FROM revoked_viewers WHERE user_id = ?`, userId);
  return row ? readNumber(row, "at_ms") : null;
}

export function forgetRevocations(sql: Sql, beforeMs: number): void {
  sql.exec(`DELETE FROM revoked_viewers WHERE at_ms < ?`, beforeMs);
}
