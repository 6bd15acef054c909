import type { Clock } from "@quarterdeck/core/clock";

/**
 * The time that this machine and the relay agree has come: the lesser of both clocks. What deletes old things goes by it, so
 * that neither clock deletes what is young by jumping ahead.
 */
export class AgreedTime {
  readonly #clock: Clock;
  #heard: { readonly relayMs: number; readonly monotonicMs: number } | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The relay said what time it is. */
  heard(relayMs: number): void {
    this.#heard = { relayMs, monotonicMs: this.#clock.monotonicMs() };
  }

  /** @returns milliseconds since 1970; `null` before the relay was heard */
  nowMs(): number | null {
    const relayNowMs = this.relayNowMs();
    return relayNowMs === null ? null : Math.min(this.#clock.nowMs(), relayNowMs);
  }

  /** @returns what the relay's clock says, which is no reason to delete anything; `null` before the relay was heard */
  relayNowMs(): number | null {
    if (!this.#heard) return null;
    return Math.floor(this.#heard.relayMs + this.#clock.monotonicMs() - this.#heard.monotonicMs);
  }
}
