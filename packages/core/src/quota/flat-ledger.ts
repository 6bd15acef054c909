import { accept, refuse, type Result } from "../errors/result.ts";
import type { Ledger } from "./ledger.ts";
import { addResources, noResources, resourceNames, subtractResources, type Resources } from "./resources.ts";

/** A ledger of one node: the capacity of one server, with no tree above it. */
export class FlatLedger implements Ledger {
  readonly #reservations = new Map<string, Resources>();
  #reserved = noResources;
  #limit: Resources;

  constructor(limit: Resources) {
    this.#limit = limit;
  }

  reserve(id: string, demand: Resources): Result<void> {
    for (const name of resourceNames) {
      if (!Number.isSafeInteger(demand[name]) || demand[name] < 0) {
        return refuse(
          "BAD_REQUEST",
          `the demand for ${name} must be a whole number of at least 0, not ${demand[name]}`,
        );
      }
    }
    const held = this.#reservations.get(id);
    if (held) {
      const isSame = resourceNames.every((name) => held[name] === demand[name]);
      return isSame ? accept(undefined) : refuse("CONFLICT", `${id} already holds another reservation`);
    }
    const total = addResources(this.#reserved, demand);
    const short = resourceNames.find((name) => demand[name] > 0 && total[name] > this.#limit[name]);
    if (short) {
      const free = Math.max(0, this.#limit[short] - this.#reserved[short]);
      return refuse("QUOTA_EXCEEDED", `${short}: ${demand[short]} asked, ${free} of ${this.#limit[short]} free`);
    }
    this.#reservations.set(id, demand);
    this.#reserved = total;
    return accept(undefined);
  }

  release(id: string): boolean {
    const held = this.#reservations.get(id);
    if (!held) return false;
    this.#reservations.delete(id);
    this.#reserved = subtractResources(this.#reserved, held);
    return true;
  }

  setLimit(limit: Resources): void {
    this.#limit = limit;
  }

  reserved(): Resources {
    return this.#reserved;
  }

  limit(): Resources {
    return this.#limit;
  }
}
