import type { Result } from "../src/errors/result.ts";
import { Budget, budgetSnapshotSchema, type BudgetSnapshot } from "../src/quota/budgets/budget.ts";
import type { BudgetRequest, BudgetStanding } from "../src/quota/budgets/budget-judgement.ts";
import type { BudgetRule, BudgetUnit } from "../src/quota/budgets/budget-rule.ts";
import type { BudgetWindow } from "../src/quota/budgets/budget-window.ts";
import type { SqlBudgets } from "../src/quota/budgets/sql-budgets.ts";
import type { SqlSteps } from "../src/quota/sql-statement.ts";

/** One budget of some form, as tests use it. */
export interface BudgetUnderTest extends AsyncDisposable {
  reserve(request: BudgetRequest, nowMs: number): Promise<Result<BudgetWindow>>;
  settle(id: string, used: number): Promise<Result<void>>;
  standing(nowMs: number): Promise<BudgetStanding>;
  setLimit(limit: number): Promise<Result<void>>;
  setTimeZone(timeZone: string, nowMs: number): Promise<Result<void>>;
  /** Reservations by their ids. */
  snapshot(): Promise<BudgetSnapshot>;
  /** Goes on with nothing but what is stored. */
  restart(): Promise<void>;
}

export type OpenBudget = (rule: BudgetRule, nowMs: number) => Promise<BudgetUnderTest>;

export const tokens: BudgetUnit = { kind: "tokens" };

export async function openInMemory(rule: BudgetRule, nowMs: number): Promise<BudgetUnderTest> {
  let budget = Budget.open(rule, nowMs);
  const later = <Args extends unknown[], T>(call: (...args: Args) => T) => {
    return async (...args: Args): Promise<T> => call(...args);
  };
  return {
    reserve: later((request, atMs) => budget.reserve(request, atMs)),
    settle: later((id, used) => budget.settle(id, used)),
    standing: later((atMs) => budget.standing(atMs)),
    setLimit: later((limit) => budget.setLimit(limit)),
    setTimeZone: later((zone, atMs) => budget.setTimeZone(zone, atMs)),
    snapshot: later(() => {
      const { reservations, ...rest } = budget.snapshot();
      return { ...rest, reservations: reservations.toSorted((a, b) => (a.id < b.id ? -1 : 1)) };
    }),
    restart: later(() => {
      budget = Budget.restore(budgetSnapshotSchema.parse(JSON.parse(JSON.stringify(budget.snapshot()))));
    }),
    [Symbol.asyncDispose]: async () => undefined,
  };
}

/** A budget among others in a database. */
export async function openInSql(
  {
    budgets,
    take,
    close,
  }: { budgets: SqlBudgets; take: <T>(steps: SqlSteps<T>) => Promise<T>; close: () => Promise<void> },
  rule: BudgetRule,
  nowMs: number,
): Promise<BudgetUnderTest> {
  const id = "budget";
  const sure = <T>(result: Result<T>): T => {
    if (!result.ok) throw new Error(result.error.message);
    return result.value;
  };
  // Neighbours with the same reservations show what is not told apart.
  for (const one of ["a", id, "z"]) sure(await take(budgets.open(one, rule, nowMs)));
  return {
    reserve: (request, atMs) => take(budgets.reserve(id, request, atMs)),
    settle: (reservation, used) => take(budgets.settle(id, reservation, used)),
    standing: async (atMs) => sure(await take(budgets.standing(id, atMs))),
    setLimit: (limit) => take(budgets.setLimit(id, limit)),
    setTimeZone: (zone, atMs) => take(budgets.setTimeZone(id, zone, atMs)),
    snapshot: async () => {
      const snapshot = await take(budgets.snapshot(id));
      if (snapshot === null) throw new Error("the budget is gone");
      return snapshot;
    },
    restart: async () => undefined,
    [Symbol.asyncDispose]: close,
  };
}
