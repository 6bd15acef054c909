import { limits } from "@quarterdeck/core/protocol/limits";
import { hourMs, minuteMs } from "@quarterdeck/core/units";

/** How much time a server's charts show. */
export const spans = ["minutes", "hour", "day"] as const;
export type Span = (typeof spans)[number];

export const spanMs: Record<Span, number> = {
  minutes: 5 * minuteMs,
  hour: hourMs,
  day: limits.telemetryHistoryMs,
};
