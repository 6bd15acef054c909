import * as z from "zod";
import { accept, refuse, type Result } from "../../errors/result.ts";
import { budgetWindowSchema, windowAt, windowFrom, windowRuleSchema, type BudgetWindow } from "./budget-window.ts";
import { printMoney } from "../quantities/money.ts";
import { bytesQuantity } from "../quantities/quantities.ts";

const amount = z.int().min(0);

/** What a budget counts: model tokens, bytes that went over the network, or millionths of a currency. */
export const budgetUnitSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("tokens") }),
  z.strictObject({ kind: z.literal("bytes") }),
  z.strictObject({ kind: z.literal("money"), currency: z.string().regex(/^[A-Z]{3}$/, "Use a code like EUR.") }),
]);
export type BudgetUnit = z.infer<typeof budgetUnitSchema>;

/** A limit for each day or month. */
export const budgetRuleSchema = z.strictObject({ ...windowRuleSchema.shape, unit: budgetUnitSchema, limit: amount });
export type BudgetRule = z.infer<typeof budgetRuleSchema>;

/** A promise of some of a window's budget. `settledAmount`: what was really used, once it is known. */
const reservationSchema = z.strictObject({
  id: z.string().min(1),
  amount,
  windowStartMs: z.int(),
  settledAmount: amount.nullable(),
});
type Reservation = z.infer<typeof reservationSchema>;

/** A window with what was used and is promised of it. */
const tallySchema = z.strictObject({ window: budgetWindowSchema, used: amount, reserved: amount });
export type BudgetTally = z.infer<typeof tallySchema>;

/** Everything that a budget remembers, to be stored: the tallies from the oldest, the last is the current window. */
export const budgetSnapshotSchema = z.strictObject({
  rule: budgetRuleSchema,
  tallies: z.array(tallySchema).min(1),
  reservations: z.array(reservationSchema),
});
export type BudgetSnapshot = z.infer<typeof budgetSnapshotSchema>;

/** How the current window stands. */
export interface BudgetStanding extends BudgetTally {
  readonly limit: number;
  readonly left: number;
  /** What is used and promised above the limit: it was lowered, or more was used than was promised. */
  readonly over: number;
}

/**
 * A budget that is reserved before something is done and settled with what it really took. A reservation belongs to the
 * window in which it was made, whenever it is settled. Windows only go forward: a clock that goes backwards never opens a
 * closed one again, and one that ran ahead stays in the window that it reached.
 */
export class Budget {
  #rule: BudgetRule;
  readonly #tallies: BudgetTally[];
  readonly #reservations: Map<string, Reservation>;

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
  reserve(
    { id, amount: asked, unit }: { readonly id: string; readonly amount: number; readonly unit: BudgetUnit },
    nowMs: number,
  ): Result<BudgetWindow> {
    this.#roll(nowMs);
    const known = this.#reservations.get(id);
    if (known?.settledAmount === null) {
      if (known.amount !== asked) return refuse("CONFLICT", `${id} already holds another reservation`);
      return accept(this.#tallyOf(known).window);
    }
    if (known) return refuse("ALREADY_ENDED", `the reservation ${id} was settled`);
    if (!isSameUnit(unit, this.#rule.unit)) {
      return refuse("BAD_REQUEST", `this budget is in ${unitWord(this.#rule.unit)}, not in ${unitWord(unit)}`);
    }
    if (!isAmount(asked)) return refuse("BAD_REQUEST", notAnAmount(asked));
    const { window, left, limit } = this.#standing();
    if (asked > left) {
      const words = (value: number) => printAmount(value, this.#rule.unit);
      const until = new Date(window.endMs).toISOString();
      const why = asked > limit ? "more than the whole limit" : `${words(left)} left until ${until}`;
      return refuse("QUOTA_EXCEEDED", `${words(asked)} asked of ${words(limit)} a ${this.#rule.period}: ${why}`);
    }
    const tally = this.#current();
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
    if (!known) return refuse("NOT_FOUND", `there is no reservation ${id}`);
    if (known.settledAmount !== null) {
      if (known.settledAmount === used) return accept(undefined);
      return refuse("ALREADY_ENDED", `the reservation ${id} was settled with ${known.settledAmount}`);
    }
    const tally = this.#tallyOf(known);
    if (!isAmount(used) || !isAmount(tally.used + used)) return refuse("BAD_REQUEST", notAnAmount(used));
    this.#replace(tally, { ...tally, used: tally.used + used, reserved: tally.reserved - known.amount });
    this.#reservations.set(id, { ...known, settledAmount: used });
    return accept(undefined);
  }

  /** How the window of `nowMs` stands, or the newest that was reached. */
  standing(nowMs: number): BudgetStanding {
    this.#roll(nowMs);
    return this.#standing();
  }

  /** Changes the limit, from the current window on. Below what is used is legal: new reservations are refused. */
  setLimit(limit: number): Result<void> {
    if (!isAmount(limit)) return refuse("BAD_REQUEST", notAnAmount(limit));
    this.#rule = { ...this.#rule, limit };
    return accept(undefined);
  }

  /** Changes the time zone. The current window ends as it began; the next ones are of the new zone. */
  setTimeZone(timeZone: string, nowMs: number): Result<void> {
    const checked = windowRuleSchema.shape.timeZone.safeParse(timeZone);
    if (!checked.success) return refuse("BAD_REQUEST", `there is no time zone ${timeZone.slice(0, 100)}`);
    this.#roll(nowMs);
    this.#rule = { ...this.#rule, timeZone };
    return accept(undefined);
  }

  #standing(): BudgetStanding {
    const tally = this.#current();
    const { limit } = this.#rule;
    const free = limit - tally.used - tally.reserved;
    return { ...tally, limit, left: Math.max(0, free), over: Math.max(0, -free) };
  }

  #current(): BudgetTally {
    return this.#tallies.at(-1) as BudgetTally;
  }

  #tallyOf({ windowStartMs }: Reservation): BudgetTally {
    return this.#tallies.find(({ window }) => window.startMs === windowStartMs) as BudgetTally;
  }

  #replace(tally: BudgetTally, by: BudgetTally): void {
    this.#tallies[this.#tallies.indexOf(tally)] = by;
  }

  /** Opens the window of `nowMs` when the current one is over; windows that nobody used in between are skipped. */
  #roll(nowMs: number): void {
    const { window: ended } = this.#current();
    if (nowMs < ended.endMs) return;
    const following = windowFrom(this.#rule, ended.endMs);
    this.#tallies.push(emptyTally(nowMs < following.endMs ? following : windowAt(this.#rule, nowMs)));
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

function isAmount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function notAnAmount(value: number): string {
  return `an amount must be a whole number from 0, in all at most 2^53 − 1, not ${value}`;
}

function isSameUnit(a: BudgetUnit, b: BudgetUnit): boolean {
  return unitWord(a) === unitWord(b);
}

function unitWord(unit: BudgetUnit): string {
  return unit.kind === "money" ? unit.currency : unit.kind;
}

function printAmount(value: number, unit: BudgetUnit): string {
  if (unit.kind === "money") return printMoney({ microUnits: value, currency: unit.currency });
  return unit.kind === "bytes" ? bytesQuantity.print(value) : `${value} tokens`;
}
