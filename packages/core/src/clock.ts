/**
 * Where time comes from. Core and every `session/` folder take a clock and never read the machine's own, so that a test
 * or the simulator decides what time it is.
 */
export interface Clock {
  /** Wall-clock time in milliseconds since 1970. It may jump; use it for records and expiries only. */
  nowMs(): number;
  /** Milliseconds from an arbitrary start that never jump and never go back. Use it to measure intervals. */
  monotonicMs(): number;
}
