import type { SqlStatement } from "../sql-statement.ts";
import type { BudgetRule } from "./budget-rule.ts";
import type { BudgetWindow } from "./budget-window.ts";

/**
 * The statements of budgets in SQL. A write returns a row where it changed something and none where it was refused, and never
 * fails, so that it takes nothing along that is written with it.
 */
export const budgetStatements = {
  open(
    id: string,
    { period, timeZone, unit, limit }: BudgetRule,
    { name, startMs, endMs }: BudgetWindow,
  ): SqlStatement {
    return {
      sql: `INSERT INTO budgets VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING id`,
      args: [id, period, timeZone, JSON.stringify(unit), limit, name, startMs, endMs],
    };
  },

  /** A budget with the tally of its current window, and a reservation with that of its own, if there is such a one. */
  read(id: string, reservationId: string | null): SqlStatement {
    return {
      sql: `SELECT budgets.*, tally.used, tally.reserved, known.amount, known.settled, known.window_start_ms AS known_start_ms,
  own.name AS known_name, own.end_ms AS known_end_ms, own.used AS known_used
FROM budgets JOIN budget_tallies AS tally ON tally.budget_id = budgets.id AND tally.start_ms = budgets.window_start_ms
LEFT JOIN budget_reservations AS known ON known.budget_id = budgets.id AND known.id = ?
LEFT JOIN budget_tallies AS own ON own.budget_id = budgets.id AND own.start_ms = known.window_start_ms
WHERE budgets.id = ?`,
      args: [reservationId, id],
    };
  },

  /** Opens the next window, unless somebody else did. */
  roll(id: string, before: BudgetWindow, { name, startMs, endMs }: BudgetWindow): SqlStatement {
    return {
      sql: `UPDATE budgets SET window_name = ?, window_start_ms = ?, window_end_ms = ? WHERE id = ? AND window_start_ms = ? RETURNING id`,
      args: [name, startMs, endMs, id, before.startMs],
    };
  },

  /** Promises an amount of a window, if that is the current one and has so much left. */
  reserve(budgetId: string, { id, amount }: { id: string; amount: number }, { startMs }: BudgetWindow): SqlStatement {
    return {
      sql: `INSERT INTO budget_reservations VALUES (?, ?, ?, ?, NULL) ON CONFLICT DO NOTHING RETURNING id`,
      args: [budgetId, id, amount, startMs],
    };
  },

  settle(budgetId: string, id: string, used: number): SqlStatement {
    return {
      sql: `UPDATE budget_reservations SET settled = ? WHERE budget_id = ? AND id = ? AND settled IS NULL RETURNING id`,
      args: [used, budgetId, id],
    };
  },

  setLimit(id: string, limit: number): SqlStatement {
    return { sql: `UPDATE budgets SET amount_limit = ? WHERE id = ? RETURNING id`, args: [limit, id] };
  },

  setTimeZone(id: string, timeZone: string): SqlStatement {
    return { sql: `UPDATE budgets SET time_zone = ? WHERE id = ? RETURNING id`, args: [timeZone, id] };
  },

  tallies(id: string): SqlStatement {
    return { sql: `SELECT * FROM budget_tallies WHERE budget_id = ? ORDER BY start_ms`, args: [id] };
  },

  reservations(id: string): SqlStatement {
    return { sql: `SELECT * FROM budget_reservations WHERE budget_id = ? ORDER BY id`, args: [id] };
  },
} as const;
