import { minuteMs, secondMs } from "@quarterdeck/core/units";

const firstDelayMs = secondMs;
const longestDelayMs = minuteMs;

/** The most reports, and about the most bytes of them, in one request. */
export const reportBatch = { count: 200, bytes: 1024 * 1024 } as const;

/** When to try again after the `attempt`th failure in a row (1 for the first): 1 s, 2 s, 4 s … 60 s. */
export function retryDelayMs(attempt: number): number {
  return Math.min(longestDelayMs, firstDelayMs * 2 ** Math.max(0, Math.min(attempt, 30) - 1));
}

/** When a try that was planned is due. Only a clock that stepped back since has planned one further ahead than the longest delay. */
export function retryDueMs(plannedMs: number, nowMs: number): number {
  return plannedMs - nowMs > longestDelayMs ? nowMs : plannedMs;
}
