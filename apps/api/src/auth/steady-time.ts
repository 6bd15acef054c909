import type { Clock } from "@quarterdeck/core/clock";

const starts = new WeakMap<Clock, { readonly wallMs: number; readonly monotonicMs: number }>();

/**
 * What the wall clock said when this was first asked, and what has passed since: a clock that is set while the process
 * runs changes nothing. For windows of attempts, which a stepped clock must not open.
 */
export function steadyNowMs(clock: Clock): number {
  let start = starts.get(clock);
  if (start === undefined) {
    start = { wallMs: clock.nowMs(), monotonicMs: clock.monotonicMs() };
    starts.set(clock, start);
  }
  return Math.floor(start.wallMs + clock.monotonicMs() - start.monotonicMs);
}
