import type { Clock } from "@quarterdeck/core/clock";

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};
