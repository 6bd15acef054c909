const usPerMs = 1000;
/** 142 years: time stands still then, which gives nobody anything. */
const longestUs = 2 ** 52;

/**
 * The time that has gone by on a clock that may step: only its steps forward count, so one that goes backwards gives
 * nobody anything, and what was promised to be over stays over.
 */
export class ElapsedClock {
  #lastUs: number | null = null;
  #elapsedUs = 0;

  /**
   * @param nowMs what the clock says now, in milliseconds, from 0 to the year 2112
   * @returns whole microseconds since the first reading
   * @throws RangeError when it says no such time
   */
  advance(nowMs: number): number {
    const nowUs = Math.floor(nowMs * usPerMs);
    if (!(nowUs >= 0 && nowUs <= longestUs)) throw new RangeError(`${nowMs} is no time in milliseconds`);
    if (this.#lastUs !== null && nowUs > this.#lastUs) {
      this.#elapsedUs = Math.min(longestUs, this.#elapsedUs + nowUs - this.#lastUs);
    }
    this.#lastUs = nowUs;
    return this.#elapsedUs;
  }
}
