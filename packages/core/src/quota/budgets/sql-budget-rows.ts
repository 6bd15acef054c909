import type { SqlRow } from "../sql-statement.ts";
import type { BudgetReservation, BudgetTally } from "./budget-judgement.ts";
import { budgetRuleSchema, type BudgetRule } from "./budget-rule.ts";

/** A budget as it is stored, and a reservation of it that was asked for. */
export interface StoredBudget {
  readonly rule: BudgetRule;
  readonly tally: BudgetTally;
  readonly known: { readonly reservation: BudgetReservation; readonly tally: BudgetTally } | null;
}

/** Reads a row of `budgetStatements.read`. What is not of its shape is a bug, and throws. */
export function readBudget(row: SqlRow, reservationId: string | null): StoredBudget {
  const tally = {
    window: readWindow(row, "window_"),
    used: readNumber(row, "used"),
    reserved: readNumber(row, "reserved"),
  };
  const unit: unknown = JSON.parse(readText(row, "unit"));
  const limit = readNumber(row, "amount_limit");
  const rule = budgetRuleSchema.parse({ period: row["period"], timeZone: row["time_zone"], unit, limit });
  if (reservationId === null || row["amount"] === null) return { rule, tally, known: null };
  const own = { window: readWindow(row, "known_"), used: readNumber(row, "known_used"), reserved: 0 };
  const reservation = readReservation({ ...row, id: reservationId, window_start_ms: row["known_start_ms"] });
  return { rule, tally, known: { reservation, tally: own } };
}

export function readTally(row: SqlRow): BudgetTally {
  return { window: readWindow(row, ""), used: readNumber(row, "used"), reserved: readNumber(row, "reserved") };
}

export function readReservation(row: SqlRow): BudgetReservation {
  return {
    id: readText(row, "id"),
    amount: readNumber(row, "amount"),
    windowStartMs: readNumber(row, "window_start_ms"),
    settledAmount: row["settled"] === null ? null : readNumber(row, "settled"),
  };
}

function readWindow(row: SqlRow, prefix: string) {
  return {
    name: readText(row, `${prefix}name`),
    startMs: readNumber(row, `${prefix}start_ms`),
    endMs: readNumber(row, `${prefix}end_ms`),
  };
}

function readText(row: SqlRow, column: string): string {
  const value = row[column];
  if (typeof value !== "string") throw new TypeError(`column ${column} holds no text`);
  return value;
}

function readNumber(row: SqlRow, column: string): number {
  const value = row[column];
  if (typeof value !== "number") throw new TypeError(`column ${column} holds no number`);
  return value;
}
