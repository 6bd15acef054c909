import { ElapsedClock } from "./elapsed-clock.ts";
import { arrivalAfter, clampArrival, type Rate } from "./gcra.ts";

/** One rate that something must keep: a key, a user, an org. */
export interface RateClaim {
  readonly key: string;
  readonly rate: Rate;
  /** Units; 1 unless said otherwise. */
  readonly cost?: number;
}

/** Whether something may happen now, and if not, which claim is in the way and when to try again. */
export type RateVerdict =
  | { readonly isAllowed: true }
  | {
      readonly isAllowed: false;
      /** `rate`: too soon. `cost`: more than the burst, so never. `full`: no room for a new key. */
      readonly reason: "rate" | "cost" | "full";
      /** The index of the claim that has to wait longest. */
      readonly refusedBy: number;
      /** After how many milliseconds the same is allowed, if nothing else comes; null: never. */
      readonly retryAfterMs: number | null;
    };

/** What a key has left. */
export interface RateStanding {
  /** Units that are allowed now. */
  readonly remaining: number;
  /** Milliseconds until there is one more; 0 when there is all of the burst. */
  readonly nextMs: number;
}

const allowed: RateVerdict = { isAllowed: true };
const firstSlots = 1024;
/** How many slots one new key looks at for one that is at rest: a few microseconds. */
const slotsPerSweep = 4096;
const usPerMs = 1000;

/**
 * Rates of many keys in bounded memory: one number for each key that is not at rest. A key is forgotten only when all of its
 * burst is back, so forgetting grants nothing. When every place is taken by a key that is not at rest, keys that are known go on
 * and new ones are refused (`full`): who has more keys than there are places is no normal caller.
 */
export class RateTable {
  readonly #capacity: number;
  readonly #clock = new ElapsedClock();
  readonly #slots = new Map<string, number>();
  /** The key of each slot, to take it out of the map. */
  readonly #keys: string[] = [];
  /** The theoretical arrival time of each slot, in elapsed microseconds. */
  #arrivals: Float64Array;
  #hand = 0;
  /** Of the check under way: the slots that it has charged, and what was there. */
  readonly #charged: number[] = [];
  readonly #before: number[] = [];

  /**
   * @param capacity how many keys are kept at most, from 1 to 2^24
   * @throws RangeError when it is not that
   */
  constructor(capacity: number) {
    if (!Number.isInteger(capacity) || capacity < 1 || capacity > 2 ** 24) {
      throw new RangeError(`a table of rates has from 1 to 2^24 places, not ${capacity}`);
    }
    this.#capacity = capacity;
    this.#arrivals = new Float64Array(Math.min(capacity, firstSlots));
  }

  /** How many keys are kept now. */
  get size(): number {
    return this.#slots.size;
  }

  /**
   * Charges all claims, or none when one of them refuses.
   *
   * @param claims what must all allow it, with keys that differ; the longest wait decides
   * @param nowMs milliseconds of any clock; a monotonic one is best. It may step back, which gives nobody more
   * @throws RangeError when a cost is no whole number of at least 1, or the time is none
   */
  check(claims: readonly RateClaim[], nowMs: number): RateVerdict {
    const nowUs = this.#clock.advance(nowMs);
    const tooDear = findTooDear(claims);
    if (tooDear >= 0) return { isAllowed: false, reason: "cost", refusedBy: tooDear, retryAfterMs: null };
    let longestUs = 0;
    let refusedBy = -1;
    for (let i = 0; i < claims.length; i++) {
      const { key, rate, cost = 1 } = claims[i] as RateClaim;
      const slot = this.#slotOf(key, nowUs);
      if (slot < 0) {
        this.#takeBack(i);
        return { isAllowed: false, reason: "full", refusedBy: i, retryAfterMs: this.#fullForMs(nowUs) };
      }
      const before = this.#arrivals[slot] as number;
      const after = arrivalAfter(before, nowUs, { rate, cost });
      this.#charged[i] = slot;
      this.#before[i] = Math.min(before, nowUs + rate.toleranceUs);
      this.#arrivals[slot] = after;
      const waitUs = after - nowUs - rate.toleranceUs;
      if (waitUs > longestUs) {
        longestUs = waitUs;
        refusedBy = i;
      }
    }
    if (refusedBy < 0) return allowed;
    this.#takeBack(claims.length);
    return { isAllowed: false, reason: "rate", refusedBy, retryAfterMs: Math.ceil(longestUs / usPerMs) };
  }

  /** What a key has left of a rate. Nothing is charged. */
  standing(key: string, rate: Rate, nowMs: number): RateStanding {
    const nowUs = this.#clock.advance(nowMs);
    const slot = this.#slots.get(key);
    const usedUs = slot === undefined ? 0 : clampArrival(this.#arrivals[slot] as number, nowUs, rate) - nowUs;
    const remaining = Math.floor((rate.toleranceUs - usedUs) / rate.intervalUs);
    const nextUs = usedUs - (rate.burst - remaining - 1) * rate.intervalUs;
    return { remaining, nextMs: usedUs === 0 ? 0 : Math.ceil(nextUs / usPerMs) };
  }

  /** The slot of a key, a new one if it has none, or -1 when there is no place. */
  #slotOf(key: string, nowUs: number): number {
    const known = this.#slots.get(key);
    if (known !== undefined) return known;
    const slot = this.#slots.size < this.#capacity ? this.#addSlot() : this.#findAtRest(nowUs);
    if (slot < 0) return -1;
    const forgotten = this.#keys[slot];
    if (forgotten !== undefined) this.#slots.delete(forgotten);
    this.#slots.set(key, slot);
    this.#keys[slot] = key; // Its number is one of a key at rest, as that of a new key is.
    return slot;
  }

  #addSlot(): number {
    const slot = this.#slots.size;
    if (slot === this.#arrivals.length) {
      const larger = new Float64Array(Math.min(this.#capacity, 2 * slot));
      larger.set(this.#arrivals);
      this.#arrivals = larger;
    }
    return slot;
  }

  /** The next slot, from where the last search ended, whose key has all of its burst; -1 when a sweep finds none. */
  #findAtRest(nowUs: number): number {
    for (let n = Math.min(this.#capacity, slotsPerSweep); n > 0; n--) {
      const slot = this.#hand;
      this.#hand = slot + 1 === this.#capacity ? 0 : slot + 1;
      if ((this.#arrivals[slot] as number) <= nowUs) return slot;
    }
    return -1;
  }

  /** How long until one of the keys that come next is at rest. */
  #fullForMs(nowUs: number): number {
    let earliestUs = Number.POSITIVE_INFINITY;
    for (let n = 0; n < Math.min(this.#capacity, slotsPerSweep); n++) {
      earliestUs = Math.min(earliestUs, this.#arrivals[(this.#hand + n) % this.#capacity] as number);
    }
    return Math.max(1, Math.ceil((earliestUs - nowUs) / usPerMs));
  }

  /** Newest first, so that a key that was charged twice ends where it was. */
  #takeBack(count: number): void {
    for (let i = count - 1; i >= 0; i--) this.#arrivals[this.#charged[i] as number] = this.#before[i] as number;
  }
}

/** The first claim of more than its burst, or -1. */
function findTooDear(claims: readonly RateClaim[]): number {
  for (let i = 0; i < claims.length; i++) {
    const { rate, cost = 1 } = claims[i] as RateClaim;
    if (!Number.isSafeInteger(cost) || cost < 1) throw new RangeError(`a cost of ${cost} is no whole number from 1`);
    if (cost > rate.burst) return i;
  }
  return -1;
}
