import { minuteMs, secondMs } from "@quarterdeck/core/units";

const firstDelayMs = secondMs;
const longestDelayMs = minuteMs;

/** The most reports, and about the most bytes of them, in one request. */
export const reportBatch = { count: 200, bytes: 1024 * 1024 } as const;

/** When to try again after the `attempt`th failure in a row (1 for the first): 1 s, 2 s, 4 s … 60 s. */
export function retryDelayMs(attempt: number): number {
  return Math.min(longestDelayMs, firstDelayMs * 2 ** Math.max(0, Math.min(attempt, 30) - 1));
}
