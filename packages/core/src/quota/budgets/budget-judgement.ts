import { accept, refuse, type Refused, type Result } from "../../errors/result.ts";
import { isAmount, isSameUnit, printAmount, unitWord, type BudgetRule, type BudgetUnit } from "./budget-rule.ts";
import { windowAt, windowFrom, windowRuleSchema, type BudgetWindow } from "./budget-window.ts";

/** A window with what was used and is promised of it. */
export interface BudgetTally {
  readonly window: BudgetWindow;
  readonly used: number;
  readonly reserved: number;
}

/** How a window stands. */
export interface BudgetStanding extends BudgetTally {
  readonly limit: number;
  readonly left: number;
  /** What is used and promised above the limit: it was lowered, or more was used than was promised. */
  readonly over: number;
}

/** A promise of some of a window's budget. `settledAmount`: what was really used, once it is known. */
export interface BudgetReservation {
  readonly id: string;
  readonly amount: number;
  readonly windowStartMs: number;
  readonly settledAmount: number | null;
}

/** An amount to be promised, in a unit that must be the budget's. */
export interface BudgetRequest {
  readonly id: string;
  readonly amount: number;
  readonly unit: BudgetUnit;
}

export function standingOf({ limit }: Pick<BudgetRule, "limit">, tally: BudgetTally): BudgetStanding {
  const free = limit - tally.used - tally.reserved;
  return { ...tally, limit, left: Math.max(0, free), over: Math.max(0, -free) };
}

/** The window that is open at a moment when `current` was the last one; null: that one still is. Windows that nobody used are skipped. */
export function nextWindow(rule: BudgetRule, current: BudgetWindow, nowMs: number): BudgetWindow | null {
  // A moment that is none is a mistake of the caller.
  if (!Number.isFinite(nowMs)) throw new RangeError(`${nowMs} is no moment`);
  if (nowMs < current.endMs) return null;
  const following = windowFrom(rule, current.endMs);
  return nowMs < following.endMs ? following : windowAt(rule, nowMs);
}

/** What asking again for a known reservation is answered. Null: the promise stands. */
export function judgeAskedAgain(known: BudgetReservation, { id, amount }: BudgetRequest): Refused | null {
  if (known.settledAmount !== null) return refuse("ALREADY_ENDED", `the reservation ${id} was settled`);
  return known.amount === amount ? null : refuse("CONFLICT", `${id} already holds another reservation`);
}

/** Why an amount cannot be promised of a window, or null. */
export function judgeRequest(
  rule: BudgetRule,
  { window, left, limit }: BudgetStanding,
  { amount, unit }: BudgetRequest,
): Refused | null {
  if (!isSameUnit(unit, rule.unit)) {
    return refuse("BAD_REQUEST", `this budget is in ${unitWord(rule.unit)}, not in ${unitWord(unit)}`);
  }
  if (!isAmount(amount)) return notAnAmount(amount);
  if (amount <= left) return null;
  const words = (value: number) => printAmount(value, rule.unit);
  const until = new Date(window.endMs).toISOString();
  const why = amount > limit ? "more than the whole limit" : `${words(left)} left until ${until}`;
  return refuse("QUOTA_EXCEEDED", `${words(amount)} asked of ${words(limit)} a ${rule.period}: ${why}`);
}

/** What settling a reservation is answered; `apply` where that changes something. `usedBefore`: of its window. */
export function judgeSettlement(
  known: BudgetReservation,
  { used, usedBefore }: { readonly used: number; readonly usedBefore: number },
): Result<void> | "apply" {
  const { id, settledAmount } = known;
  if (settledAmount !== null) {
    if (settledAmount === used) return accept(undefined);
    return refuse("ALREADY_ENDED", `the reservation ${id} was settled with ${settledAmount}`);
  }
  return isAmount(used) && isAmount(usedBefore + used) ? "apply" : notAnAmount(used);
}

export function unknownBudgetReservation(id: string): Refused {
  return refuse("NOT_FOUND", `there is no reservation ${id}`);
}

export function refuseLimit(limit: number): Refused | null {
  return isAmount(limit) ? null : notAnAmount(limit);
}

export function refuseTimeZone(timeZone: string): Refused | null {
  if (windowRuleSchema.shape.timeZone.safeParse(timeZone).success) return null;
  return refuse("BAD_REQUEST", `there is no time zone ${timeZone.slice(0, 100)}`);
}

function notAnAmount(value: number): Refused {
  return refuse("BAD_REQUEST", `an amount must be a whole number from 0, in all at most 2^53 − 1, not ${value}`);
}
