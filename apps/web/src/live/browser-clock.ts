import type { Clock } from "@quarterdeck/core/clock";

/** The browser's time. */
export const browserClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};
