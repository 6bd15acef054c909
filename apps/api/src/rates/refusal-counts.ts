import { hourMs, minuteMs } from "@quarterdeck/core/units";

const minutes = hourMs / minuteMs;
/** Beyond that the one that was refused something longest ago is forgotten. */
const keysAtMost = 10_000;

interface Counted {
  /** Of each minute of the hour, in turn: which minute it was, and how many. */
  readonly of: Float64Array;
  readonly counts: Float64Array;
}

/** How often something was refused within the last hour, by key, in bounded memory and by monotonic time. */
export class RefusalCounts {
  readonly #keys = new Map<string, Counted>();

  add(key: string, nowMs: number): void {
    const counted = this.#keys.get(key) ?? {
      of: new Float64Array(minutes).fill(-1),
      counts: new Float64Array(minutes),
    };
    this.#keys.delete(key);
    this.#keys.set(key, counted); // Now the newest.
    const minute = Math.floor(nowMs / minuteMs);
    const slot = minute % minutes;
    if (counted.of[slot] !== minute) counted.counts[slot] = 0;
    counted.of[slot] = minute;
    counted.counts[slot] = (counted.counts[slot] ?? 0) + 1;
    const [oldest] = this.#keys.keys();
    if (this.#keys.size > keysAtMost && oldest !== undefined) this.#keys.delete(oldest);
  }

  count(key: string, nowMs: number): number {
    const counted = this.#keys.get(key);
    if (counted === undefined) return 0;
    const oldest = Math.floor(nowMs / minuteMs) - minutes + 1;
    return counted.counts.reduce((sum, count, slot) => sum + ((counted.of[slot] ?? -1) >= oldest ? count : 0), 0);
  }
}
