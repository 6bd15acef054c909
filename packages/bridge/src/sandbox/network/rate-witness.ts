import { secondMs } from "@quarterdeck/core/units";

/** Proxies say now and then what they counted, so what they say of a moment may have passed up to this long before. */
const sayingMs = secondMs;

/**
 * Looks at what was counted and not at what was allowed: notices when more passed, in any stretch of time, than a rate lets through.
 * It never forgets that it did.
 */
export class RateWitness {
  readonly #rate: number;
  readonly #most: number;
  #level = 0;
  #atMs: number;
  #isExceeded = false;

  /** @param burst what the rate lets through at once, in bytes */
  constructor(bytesPerSecond: number, { burst, nowMs }: { burst: number; nowMs: number }) {
    this.#rate = bytesPerSecond;
    this.#most = burst + (bytesPerSecond * sayingMs) / secondMs;
    this.#atMs = nowMs;
  }

  get isExceeded(): boolean {
    return this.#isExceeded;
  }

  passed(bytes: number, nowMs: number): void {
    const drained = (this.#rate * Math.max(0, nowMs - this.#atMs)) / secondMs;
    this.#level = Math.max(0, this.#level - drained) + bytes;
    this.#atMs = Math.max(nowMs, this.#atMs);
    this.#isExceeded ||= this.#level > this.#most;
  }
}
