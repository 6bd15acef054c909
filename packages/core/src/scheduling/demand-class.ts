import { accept, refuse, type Result } from "../errors/result.ts";
import type { Vector } from "../quota/amounts.ts";
import type { QuotaNode } from "../quota/quota-tree.ts";

/** The least part of a server that any task is charged for, so that tasks which ask for nothing still take turns. */
const leastShare = 0.001;

/** All tasks that ask for the same amounts. Whether they fit is asked once for all of them. */
export class DemandClass {
  readonly vector: Vector;
  #share = 0;
  #shareVersion = -1;

  constructor(vector: Vector) {
    this.vector = vector;
  }

  /** The largest part that it takes of any resource of the server: its dominant share. */
  share(server: QuotaNode, version: number): number {
    if (this.#shareVersion !== version) {
      this.#share = dominantShare(this.vector, server.limit);
      this.#shareVersion = version;
    }
    return this.#share;
  }
}

/**
 * The largest part of any resource that `demand` takes, from 0.001 to 1 (Ghodsi et al., "Dominant Resource Fairness",
 * NSDI 2011). What has no limit counts for nothing.
 */
export function dominantShare(demand: Vector, limit: Vector): number {
  let share = leastShare;
  for (let i = 0; i < demand.length; i++) {
    const amount = demand[i] as number;
    if (amount > 0) share = Math.max(share, amount / (limit[i] as number));
  }
  return Math.min(share, 1);
}

/** Finds the class of a demand. */
export class DemandClasses {
  /** The most that any class asked for of each resource. */
  readonly largest: Vector;
  readonly #byVector = new WeakMap<Vector, Result<DemandClass>>();
  readonly #byKey = new Map<string, DemandClass>();

  constructor(resources: number) {
    this.largest = new Float64Array(resources);
  }

  /** @returns `BAD_REQUEST` for a demand that is none */
  of(vector: Vector): Result<DemandClass> {
    const known = this.#byVector.get(vector);
    if (known !== undefined) return known;
    if (vector.length !== this.largest.length) {
      return refuse(
        "BAD_REQUEST",
        `a demand has an amount for each of ${this.largest.length} resources, not ${vector.length}`,
      );
    }
    for (const amount of vector) {
      if (!Number.isSafeInteger(amount) || amount < 0) {
        return refuse("BAD_REQUEST", `a demand has whole numbers from 0, not ${amount}`);
      }
    }
    const key = vector.join(" ");
    let demand = this.#byKey.get(key);
    if (demand === undefined) {
      demand = new DemandClass(vector.slice());
      this.#byKey.set(key, demand);
      vector.forEach((amount, i) => {
        this.largest[i] = Math.max(this.largest[i] as number, amount);
      });
    }
    const found = accept(demand);
    this.#byVector.set(vector, found);
    return found;
  }
}
