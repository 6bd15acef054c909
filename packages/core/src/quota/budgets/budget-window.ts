import { fromEpochMilliseconds, toZonedDateTimeISO } from "temporal-polyfill/fns/Instant";
import * as PlainDate from "temporal-polyfill/fns/PlainDate";
import { toPlainDate } from "temporal-polyfill/fns/ZonedDateTime";
import * as z from "zod";
import { dayMs, hourMs } from "../../units.ts";

/** Whether this is the name of a time zone, like `Europe/Berlin` or `UTC`. An offset like `+03:00` is none: it knows no summer time. */
function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    toZonedDateTimeISO(fromEpochMilliseconds(0), name);
    return true;
  } catch {
    return false; // Which is the answer.
  }
}

/** What a budget's windows are: the days or months of a time zone. */
export const windowRuleSchema = z.strictObject({
  period: z.enum(["day", "month"]),
  timeZone: z.string().refine(isTimeZone, "Use the name of a time zone, like Europe/Berlin or UTC."),
});
export type WindowRule = z.infer<typeof windowRuleSchema>;

/** One day or month. It begins where the one before ended, so each moment is in exactly one. */
export const budgetWindowSchema = z.strictObject({
  /** For people: `2026-11-22` or `2026-11`. */
  name: z.string(),
  startMs: z.int(),
  /** The first moment that is no longer in it. */
  endMs: z.int(),
});
export type BudgetWindow = z.infer<typeof budgetWindowSchema>;

/** No window that a change of the time zone makes is shorter: a day of 23 hours, a month of 28 days less 26 hours of offset. */
const shortestMs = { day: 23 * hourMs, month: 26 * dayMs } as const;

/**
 * The day or month that a moment is in. It begins at the first moment of its date, which is not always midnight, and may have
 * 23 or 25 hours. Where a zone's clocks went back across midnight, what repeats of the old day belongs to the new one: a
 * window that has begun is not interrupted.
 *
 * @param atMs milliseconds since 1970
 * @throws RangeError for a time zone or a moment that does not exist
 */
export function windowAt({ period, timeZone }: WindowRule, atMs: number): BudgetWindow {
  const date = toPlainDate(toZonedDateTimeISO(fromEpochMilliseconds(Math.floor(atMs)), timeZone));
  let first = period === "day" ? date : PlainDate.withDayOfMonth(date, 1);
  let startMs = startOf(first, timeZone);
  for (;;) {
    const next = period === "day" ? PlainDate.addDays(first, 1) : PlainDate.addMonths(first, 1);
    const endMs = startOf(next, timeZone);
    if (atMs < endMs) return { name: PlainDate.toString(first).slice(0, period === "day" ? 10 : 7), startMs, endMs };
    first = next;
    startMs = endMs;
  }
}

/**
 * The window that begins where another ended. After a change of the time zone that is in the middle of a day: then it lasts to the
 * end of that day, or of the next when it would be shorter than a day. So who changes the zone again and again has no
 * budget more often.
 */
export function windowFrom(rule: WindowRule, startMs: number): BudgetWindow {
  const around = windowAt(rule, startMs);
  if (around.endMs - startMs >= shortestMs[rule.period]) return { ...around, startMs };
  return { ...windowAt(rule, around.endMs), startMs };
}

function startOf(date: PlainDate.Record, timeZone: string): number {
  return PlainDate.toZonedDateTime(date, timeZone).epochMilliseconds;
}
