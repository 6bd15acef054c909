import type { Result } from "../errors/result.ts";
import type { Resources } from "./resources.ts";

/**
 * Promises of resources. A reservation is made once and resolved once, by id; no increase ever ends above a limit, and
 * a refused reservation changes nothing.
 */
export interface Ledger {
  /**
   * Promises `demand` to `id`. Asking again with the same id and demand changes nothing and succeeds.
   *
   * @returns `QUOTA_EXCEEDED` when it does not fit, `CONFLICT` when the id holds another demand
   */
  reserve(id: string, demand: Resources): Result<void>;
  /** Gives back what `id` holds. Returns whether it held anything. */
  release(id: string): boolean;
  /** Sets what may be promised in all. Below what is promised is legal: nothing is taken away, new demand is refused. */
  setLimit(limit: Resources): void;
  /** What is promised now. */
  reserved(): Resources;
  limit(): Resources;
}
