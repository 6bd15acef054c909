import { isDiskFull } from "../disk/disk-full.ts";
import type { Journal } from "./journal.ts";

interface Unit {
  readonly work: () => void;
  readonly resolve: () => void;
}

interface GroupCommitOptions {
  readonly journal: Pick<Journal, "transaction">;
  /** The disk failed. It must end the process. */
  readonly onFailure: (error: unknown) => void;
  /** There is no room. @returns whether some was made, so that it may work now */
  readonly onFull: () => boolean;
}

const retryMs = 500;

/**
 * Commits together what arrives together: one fsync for many units. When the disk fails, no unit is reported as done and
 * `onFailure` is called. On a full disk the units wait, and nothing of them is reported, until there is room.
 */
export class GroupCommit {
  readonly #options: GroupCommitOptions;
  #queue: Unit[] = [];
  #lazy: (() => void)[] = [];
  #hasFailed = false;

  constructor(options: GroupCommitOptions) {
    this.#options = options;
  }

  /** Resolves when `work` is durable. It is done again when there was no room for it. */
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
      this.#options.journal.transaction(() => {
        for (const work of lazy) work();
        for (const unit of units) unit.work();
      });
    } catch (error) {
      this.#queue = [...units, ...this.#queue];
      this.#lazy = [...lazy, ...this.#lazy];
      if (isDiskFull(error)) return this.#wait();
      this.#hasFailed = true;
      this.#options.onFailure(error);
      return;
    }
    for (const unit of units) unit.resolve();
  }

  #wait(): void {
    if (this.#options.onFull()) this.flush();
    else setTimeout(() => this.flush(), retryMs).unref();
  }
}
