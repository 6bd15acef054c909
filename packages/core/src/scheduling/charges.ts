import type { QuotaNode } from "../quota/quota-tree.ts";
import type { Task } from "./task.ts";

/** The shortest and the longest duration that a task is charged for. */
const shortestMs = 1;
const longestMs = 366 * 24 * 3600 * 1000;

/** What tasks are charged on one server. */
export class Charges {
  readonly #server: QuotaNode;
  #limitsVersion = 0;

  constructor(server: QuotaNode) {
    this.#server = server;
  }

  /** The server offers another amount from now on. */
  forgetShares(): void {
    this.#limitsVersion++;
  }

  /** What a task is charged when it starts: its dominant share times how long it is expected to run. */
  costOf({ demand, expectedMs }: Task): number {
    return demand.share(this.#server, this.#limitsVersion) * chargedMs(expectedMs);
  }
}

/** What a task that was charged `cost` is charged besides when it ended after `durationMs`; below 0: what it gets back. */
export function correctionOf(
  { expectedMs }: Pick<Task, "expectedMs">,
  { cost, durationMs }: { readonly cost: number; readonly durationMs: number },
): number {
  return cost * (chargedMs(durationMs) / chargedMs(expectedMs) - 1);
}

function chargedMs(durationMs: number): number {
  return Math.min(Math.max(durationMs, shortestMs), longestMs);
}
