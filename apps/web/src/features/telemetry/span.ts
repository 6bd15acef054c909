import { limits } from "@quarterdeck/core/protocol/limits";
import { dayMs, hourMs, minuteMs } from "@quarterdeck/core/units";

/** How much time charts show. */
export const spans = ["minutes", "hour", "day", "month", "year"] as const;
export type Span = (typeof spans)[number];

export const spanMs: Record<Span, number> = {
  minutes: 5 * minuteMs,
  hour: hourMs,
  day: limits.telemetryHistoryMs,
  month: 31 * dayMs,
  year: 366 * dayMs,
};
