import { accept, refuse, type Refused, type Result } from "../../errors/result.ts";
import type { SqlSteps } from "../sql-statement.ts";
import type { BudgetSnapshot } from "./budget.ts";
import {
  judgeAskedAgain,
  judgeRequest,
  judgeSettlement,
  nextWindow,
  refuseLimit,
  refuseTimeZone,
  standingOf,
  unknownBudgetReservation,
  type BudgetRequest,
  type BudgetStanding,
} from "./budget-judgement.ts";
import { isAmount, type BudgetRule } from "./budget-rule.ts";
import { windowAt, type BudgetWindow } from "./budget-window.ts";
import { readBudget, readReservation, readTally, type StoredBudget } from "./sql-budget-rows.ts";
import { budgetStatements as statements } from "./sql-budget-statements.ts";

/** How often a write is tried that was refused for a reason that is gone when one looks. */
const attempts = 5;

/**
 * Budgets in SQLite: libSQL, or the storage of a Durable Object. Each behaves as a `Budget` does, by its id. A write is one
 * statement, which the database itself refuses where it must not be; so any number of processes may write at the same time.
 * The tables are `sqlBudgetSchema`'s. Take the steps with `runNow` or `runLater`.
 */
export class SqlBudgets {
  /**
   * Makes a budget, whose first window is the one around `nowMs`. The same again changes nothing.
   *
   * @returns how it stands; `CONFLICT` when there is another one with this id
   */
  *open(id: string, rule: BudgetRule, nowMs: number): SqlSteps<Result<BudgetStanding>> {
    yield statements.open(id, rule, windowAt(rule, nowMs));
    const stored = yield* this.#rolled(id, { nowMs, reservationId: null });
    if (!stored.ok) return stored;
    if (JSON.stringify(plain(stored.value.rule)) !== JSON.stringify(plain(rule))) {
      return refuse("CONFLICT", `there is another budget ${id}`);
    }
    return accept(standingOf(stored.value.rule, stored.value.tally));
  }

  /** @returns as `Budget.reserve`; `NOT_FOUND` where there is no such budget */
  *reserve(budgetId: string, request: BudgetRequest, nowMs: number): SqlSteps<Result<BudgetWindow>> {
    for (let attempt = 1; attempt <= attempts; attempt++) {
      const stored = yield* this.#rolled(budgetId, { nowMs, reservationId: request.id });
      if (!stored.ok) return stored;
      const { rule, tally, known } = stored.value;
      if (known) return judgeAskedAgain(known.reservation, request) ?? accept(known.tally.window);
      const refusal = judgeRequest(rule, standingOf(rule, tally), request);
      if (refusal) return refusal;
      const [made] = yield statements.reserve(budgetId, request, tally.window);
      if (made) return accept(tally.window);
    }
    return tooBusy();
  }

  /** @returns as `Budget.settle` */
  *settle(budgetId: string, id: string, used: number): SqlSteps<Result<void>> {
    for (let attempt = 1; attempt <= attempts; attempt++) {
      const [done] = isAmount(used) ? yield statements.settle(budgetId, id, used) : [];
      if (done) return accept(undefined);
      const [row] = yield statements.read(budgetId, id);
      const known = row && readBudget(row, id).known;
      if (!known) return unknownBudgetReservation(id);
      const judgement = judgeSettlement(known.reservation, { used, usedBefore: known.tally.used });
      if (judgement !== "apply") return judgement;
    }
    return tooBusy();
  }

  /** How the window of `nowMs` stands, or the newest that was reached. */
  *standing(id: string, nowMs: number): SqlSteps<Result<BudgetStanding>> {
    const stored = yield* this.#rolled(id, { nowMs, reservationId: null });
    return stored.ok ? accept(standingOf(stored.value.rule, stored.value.tally)) : stored;
  }

  *setLimit(id: string, limit: number): SqlSteps<Result<void>> {
    const refusal = refuseLimit(limit);
    if (refusal) return refusal;
    const [set] = yield statements.setLimit(id, limit);
    return set ? accept(undefined) : unknownBudget(id);
  }

  *setTimeZone(id: string, timeZone: string, nowMs: number): SqlSteps<Result<void>> {
    const refusal = refuseTimeZone(timeZone);
    if (refusal) return refusal;
    const stored = yield* this.#rolled(id, { nowMs, reservationId: null });
    if (!stored.ok) return stored;
    yield statements.setTimeZone(id, timeZone);
    return accept(undefined);
  }

  /** All that is remembered of a budget, the reservations by their ids. */
  *snapshot(id: string): SqlSteps<BudgetSnapshot | null> {
    const [row] = yield statements.read(id, null);
    if (!row) return null;
    const tallies = (yield statements.tallies(id)).map(readTally);
    const reservations = (yield statements.reservations(id)).map(readReservation);
    return { rule: readBudget(row, null).rule, tallies, reservations };
  }

  /** Reads a budget after its window was opened, if the one before is over. */
  *#rolled(
    id: string,
    { nowMs, reservationId }: { nowMs: number; reservationId: string | null },
  ): SqlSteps<Result<StoredBudget>> {
    for (let attempt = 1; attempt <= attempts; attempt++) {
      const [row] = yield statements.read(id, reservationId);
      if (!row) return unknownBudget(id);
      const stored = readBudget(row, reservationId);
      const { window } = stored.tally;
      const next = nextWindow(stored.rule, window, nowMs);
      if (next === null) return accept(stored);
      yield statements.roll(id, window, next);
    }
    return tooBusy();
  }
}

function unknownBudget(id: string): Refused {
  return refuse("NOT_FOUND", `there is no budget ${id}`);
}

function tooBusy(): Refused {
  return refuse("NOT_READY", "others changed the budget at the same time, again and again; try again");
}

function plain({ period, timeZone, unit, limit }: BudgetRule) {
  return [period, timeZone, unit.kind, unit.kind === "money" ? unit.currency : null, limit];
}
