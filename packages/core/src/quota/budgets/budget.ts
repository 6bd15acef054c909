import * as z from "zod";
import { accept, type Result } from "../../errors/result.ts";
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
  type BudgetReservation,
  type BudgetStanding,
  type BudgetTally,
} from "./budget-judgement.ts";
import { budgetRuleSchema, type BudgetRule } from "./budget-rule.ts";
import { budgetWindowSchema, windowAt, type BudgetWindow } from "./budget-window.ts";

const amount = z.int().min(0);

const reservationSchema = z.strictObject({
  id: z.string().min(1),
  amount,
  windowStartMs: z.int(),
  settledAmount: amount.nullable(),
});

const tallySchema = z.strictObject({ window: budgetWindowSchema, used: amount, reserved: amount });

/** Everything that a budget remembers, to be stored: the tallies from the oldest, the last is the current window. */
export const budgetSnapshotSchema = z.strictObject({
  rule: budgetRuleSchema,
  tallies: z.array(tallySchema).min(1),
  reservations: z.array(reservationSchema),
});
export type BudgetSnapshot = z.infer<typeof budgetSnapshotSchema>;

/**
 * A budget that is reserved before something is done and settled with what it really took. A reservation belongs to the
 * window in which it was made, whenever it is settled. Windows only go forward: a clock that goes backwards never opens a
 * closed one again, and one that ran ahead stays in the window that it reached.
 */
export class Budget {
  #rule: BudgetRule;
  readonly #tallies: BudgetTally[];
  readonly #reservations: Map<string, BudgetReservation>;

  private constructor({ rule, tallies, reservations }: BudgetSnapshot) {
    this.#rule = rule;
    this.#tallies = [...tallies];
    this.#reservations = new Map(reservations.map((reservation) => [reservation.id, reservation]));
  }

  /** A new budget, whose first window is the one around `nowMs`. */
  static open(rule: BudgetRule, nowMs: number): Budget {
    return new Budget({ rule, tallies: [emptyTally(windowAt(rule, nowMs))], reservations: [] });
  }

  static restore(snapshot: BudgetSnapshot): Budget {
    return new Budget(snapshot);
  }

  snapshot(): BudgetSnapshot {
    return { rule: this.#rule, tallies: [...this.#tallies], reservations: [...this.#reservations.values()] };
  }

  /**
   * Promises an amount of the current window. The same id with the same amount changes nothing and succeeds while it is open.
   *
   * @param request the amount in the budget's unit, a safe integer of at least 0
   * @returns the window that it belongs to; `BAD_REQUEST` for another unit or what is no amount, `QUOTA_EXCEEDED` when it does
   *   not fit, `CONFLICT` when the id holds another amount, `ALREADY_ENDED` when it was settled
   */
  reserve(request: BudgetRequest, nowMs: number): Result<BudgetWindow> {
    this.#roll(nowMs);
    const known = this.#reservations.get(request.id);
    if (known) return judgeAskedAgain(known, request) ?? accept(this.#tallyOf(known).window);
    const tally = this.#current();
    const refusal = judgeRequest(this.#rule, standingOf(this.#rule, tally), request);
    if (refusal) return refusal;
    const { id, amount: asked } = request;
    const { window } = tally;
    this.#replace(tally, { ...tally, reserved: tally.reserved + asked });
    this.#reservations.set(id, { id, amount: asked, windowStartMs: window.startMs, settledAmount: null });
    return accept(window);
  }

  /**
   * Resolves a reservation, once, with what was really used: 0 gives all of it back, more than was promised is recorded too. The
   * same again changes nothing and succeeds.
   *
   * @returns `NOT_FOUND` for an id that is not known (any more), `ALREADY_ENDED` when it was settled otherwise, `BAD_REQUEST`
   *   for what is no amount
   */
  settle(id: string, used: number): Result<void> {
    const known = this.#reservations.get(id);
    if (!known) return unknownBudgetReservation(id);
    const tally = this.#tallyOf(known);
    const judgement = judgeSettlement(known, { used, usedBefore: tally.used });
    if (judgement !== "apply") return judgement;
    this.#replace(tally, { ...tally, used: tally.used + used, reserved: tally.reserved - known.amount });
    this.#reservations.set(id, { ...known, settledAmount: used });
    return accept(undefined);
  }

  /** How the window of `nowMs` stands, or the newest that was reached. */
  standing(nowMs: number): BudgetStanding {
    this.#roll(nowMs);
    return standingOf(this.#rule, this.#current());
  }

  /** Changes the limit, from the current window on. Below what is used is legal: new reservations are refused. */
  setLimit(limit: number): Result<void> {
    const refusal = refuseLimit(limit);
    if (refusal) return refusal;
    this.#rule = { ...this.#rule, limit };
    return accept(undefined);
  }

  /** Changes the time zone. The current window ends as it began; the next ones are of the new zone. */
  setTimeZone(timeZone: string, nowMs: number): Result<void> {
    const refusal = refuseTimeZone(timeZone);
    if (refusal) return refusal;
    this.#roll(nowMs);
    this.#rule = { ...this.#rule, timeZone };
    return accept(undefined);
  }

  #current(): BudgetTally {
    return this.#tallies.at(-1) as BudgetTally;
  }

  #tallyOf({ windowStartMs }: BudgetReservation): BudgetTally {
    return this.#tallies.find(({ window }) => window.startMs === windowStartMs) as BudgetTally;
  }

  #replace(tally: BudgetTally, by: BudgetTally): void {
    this.#tallies[this.#tallies.indexOf(tally)] = by;
  }

  /** Opens the window of `nowMs` when the current one is over. */
  #roll(nowMs: number): void {
    const { window: ended } = this.#current();
    const next = nextWindow(this.#rule, ended, nowMs);
    if (next === null) return;
    this.#tallies.push(emptyTally(next));
    this.#forget(ended.startMs);
  }

  /** Keeps what is settled until the end of the window after its own, and a closed window while something of it is open. */
  #forget(beforeMs: number): void {
    const needed = new Set<number>();
    for (const { id, windowStartMs, settledAmount } of this.#reservations.values()) {
      if (settledAmount === null) needed.add(windowStartMs);
      else if (windowStartMs < beforeMs) this.#reservations.delete(id);
    }
    const kept = this.#tallies.filter(({ window: { startMs } }) => startMs >= beforeMs || needed.has(startMs));
    this.#tallies.splice(0, this.#tallies.length, ...kept);
  }
}

function emptyTally(window: BudgetWindow): BudgetTally {
  return { window, used: 0, reserved: 0 };
}
