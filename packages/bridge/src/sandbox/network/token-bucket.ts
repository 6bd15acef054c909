import { secondMs } from "@quarterdeck/core/units";

/** What may go at once when nothing went for a while: a quarter of a second's worth, and room for some packets in the slowest. */
const burstSeconds = 0.25;
const leastBurstBytes = 4096;

/** How much a rate lets through at once, in bytes. */
export function burstOf(bytesPerSecond: number): number {
  return Math.max(leastBurstBytes, Math.floor(bytesPerSecond * burstSeconds));
}

/**
 * Holds what passes to a rate: over any stretch of time no more than the rate times its length and one burst. Time comes in as an
 * argument and never goes back.
 */
export class TokenBucket {
  #rate: number;
  #tokens: number;
  #atMs: number;

  /** @param isFull whether a burst may go at once; one that takes over from another must not give a second one */
  constructor(bytesPerSecond: number, { nowMs, isFull }: { nowMs: number; isFull: boolean }) {
    this.#rate = bytesPerSecond;
    this.#tokens = isFull ? burstOf(bytesPerSecond) : 0;
    this.#atMs = nowMs;
  }

  /** The most that can ever be taken at once. */
  get capacity(): number {
    return this.#rate === 0 ? 0 : burstOf(this.#rate);
  }

  /** Another rate from now on. What was saved up is not lost, as far as the new one would have saved it. */
  setRate(bytesPerSecond: number, nowMs: number): void {
    this.#refill(nowMs);
    this.#rate = bytesPerSecond;
    this.#tokens = Math.min(this.#tokens, this.capacity);
  }

  has(bytes: number, nowMs: number): boolean {
    this.#refill(nowMs);
    return this.#tokens >= bytes;
  }

  /** Only what it has. */
  take(bytes: number): void {
    this.#tokens -= bytes;
  }

  /** How long until it has so much, in whole milliseconds; infinite where it never will. */
  waitMs(bytes: number, nowMs: number): number {
    this.#refill(nowMs);
    if (this.#tokens >= bytes) return 0;
    if (bytes > this.capacity) return Number.POSITIVE_INFINITY;
    return Math.ceil(((bytes - this.#tokens) / this.#rate) * secondMs);
  }

  #refill(nowMs: number): void {
    const passedMs = Math.max(0, nowMs - this.#atMs);
    this.#tokens = Math.min(this.capacity, this.#tokens + (this.#rate * passedMs) / secondMs);
    this.#atMs = Math.max(nowMs, this.#atMs);
  }
}
