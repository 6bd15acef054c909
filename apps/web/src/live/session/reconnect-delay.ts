import { secondMs } from "@quarterdeck/core/units";

const firstCeilingMs = secondMs / 2;
const highestCeilingMs = 15 * secondMs;

/**
 * How long to wait before the next attempt: full jitter, uniform between 0 and a ceiling that doubles with each failure
 * (AWS Architecture Blog, "Exponential Backoff And Jitter"). The ceiling is low because a person is looking.
 *
 * @param failures attempts that failed in a row, from 1
 * @param random a number from 0 up to 1
 * @returns milliseconds
 */
export function reconnectDelayMs(failures: number, random: number): number {
  const ceilingMs = Math.min(highestCeilingMs, firstCeilingMs * 2 ** Math.min(failures - 1, 20));
  return Math.round(ceilingMs * random);
}
