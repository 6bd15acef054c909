import type { LimitEvidence } from "@quarterdeck/core/protocol/limit-evidence";

/** The newest word about each limit, for a daemon that connects later. */
export class KeptEvidence {
  readonly #most: number;
  readonly #items = new Map<string, LimitEvidence>();

  /** @param most of how many limits it is kept; those that were read longest ago go first */
  constructor(most: number) {
    this.#most = most;
  }

  add(evidence: readonly LimitEvidence[]): void {
    for (const item of evidence) {
      const name = `${item.node} ${item.resource}`;
      this.#items.delete(name);
      this.#items.set(name, item);
    }
    for (const name of this.#items.keys()) {
      if (this.#items.size <= this.#most) return;
      this.#items.delete(name);
    }
  }

  all(): LimitEvidence[] {
    return [...this.#items.values()];
  }
}
