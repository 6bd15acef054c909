import type { Clock } from "@quarterdeck/core/clock";

/** The machine's clock, moved: as time that passes, or as a wall clock that somebody sets. */
export class SteppableClock implements Clock {
  #passedMs = 0;
  #setMs = 0;

  nowMs(): number {
    return Date.now() + this.#passedMs + this.#setMs;
  }

  monotonicMs(): number {
    return performance.now() + this.#passedMs;
  }

  /** Time passes. */
  pass(ms: number): void {
    this.#passedMs += ms;
  }

  /** The wall clock is set; no time passes. */
  setBy(ms: number): void {
    this.#setMs += ms;
  }
}
