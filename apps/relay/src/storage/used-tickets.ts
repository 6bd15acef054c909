import { firstRow, readNumberOrNull, type Sql } from "./sql.ts";

/** Marks a ticket as used. Returns whether this was its first use. */
export function useTicket(sql: Sql, ticketId: string, expiresAtMs: number): boolean {
  const rows = sql
    .exec(
      `INSERT INTO used_tickets (ticket_id, expires_at_ms) VALUES (?, ?) ON CONFLICT DO NOTHING RETURNING ticket_id`,
      ticketId,
      expiresAtMs,
    )
    .toArray();
  return rows.length > 0;
}

/** Forgets tickets that can no longer be presented. */
export function forgetTickets(sql: Sql, nowMs: number): void {
  sql.exec(`DELETE FROM used_tickets WHERE expires_at_ms <= ?`, nowMs);
}

/** When the next used ticket may be forgotten; `null` when none is remembered. */
export function nextTicketExpiry(sql: Sql): number | null {
  const row = firstRow(sql, `SELECT min(expires_at_ms) AS at_ms FROM used_tickets`);
  return row ? readNumberOrNull(row, "at_ms") : null;
}
