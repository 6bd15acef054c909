import type { Journal } from "./journal.ts";

interface Unit {
  readonly work: () => void;
  readonly resolve: () => void;
}

/**
 * Commits together what arrives together: one fsync for many units. When the disk fails, no unit is reported as done and
 * `onFailure` is called, which must end the process.
 */
export class GroupCommit {
  readonly #journal: Journal;
  readonly #onFailure: (error: unknown) => void;
  #queue: Unit[] = [];
  #lazy: (() => void)[] = [];
  #hasFailed = false;

  constructor(journal: Journal, onFailure: (error: unknown) => void) {
    this.#journal = journal;
    this.#onFailure = onFailure;
  }

  /** Resolves when `work` is durable. */
  commit(work: () => void): Promise<void> {
    return new Promise((resolve) => {
      this.#queue.push({ work, resolve });
      if (this.#queue.length === 1) setImmediate(() => this.flush());
    });
  }

  /** Does `work` with the next commit: for what may be lost, because it would be done again. */
  commitLater(work: () => void): void {
    this.#lazy.push(work);
  }

  flush(): void {
    if (this.#hasFailed) return;
    const units = this.#queue;
    const lazy = this.#lazy;
    if (units.length === 0 && lazy.length === 0) return;
    this.#queue = [];
    this.#lazy = [];
    try {
      this.#journal.transaction(() => {
        for (const work of lazy) work();
        for (const unit of units) unit.work();
      });
    } catch (error) {
      this.#hasFailed = true;
      this.#onFailure(error);
      return;
    }
    for (const unit of units) unit.resolve();
  }
}
