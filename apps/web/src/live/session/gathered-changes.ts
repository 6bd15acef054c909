import { secondMs } from "@quarterdeck/core/units";

/** At least this long between two tellings: a hundred tasks that end in one second have lists fetched once, not a hundred times. */
export const gatherMs = secondMs;

/** What changed, as the platform names it. */
export interface NamedChange {
  readonly kind: string;
  readonly id: string;
}

/** Tells of the first change at once, and of those that follow together, each once. */
export class GatheredChanges<Change extends NamedChange> {
  readonly #tell: (changes: readonly Change[]) => void;
  readonly #startTimer: (act: () => void, ms: number) => () => void;
  readonly #waiting = new Map<string, Change>();
  #stopTimer: (() => void) | null = null;

  /** @param startTimer calls back once after so many milliseconds; answers how to stop it */
  constructor(tell: (changes: readonly Change[]) => void, startTimer: (act: () => void, ms: number) => () => void) {
    this.#tell = tell;
    this.#startTimer = startTimer;
  }

  add(change: Change): void {
    this.#waiting.set(`${change.kind} ${change.id}`, change);
    if (this.#stopTimer === null) this.#tellAll();
  }

  /** Forgets what has not been told. */
  stop(): void {
    this.#stopTimer?.();
    this.#stopTimer = null;
    this.#waiting.clear();
  }

  #tellAll(): void {
    const changes = [...this.#waiting.values()];
    this.#waiting.clear();
    this.#stopTimer = null;
    if (changes.length === 0) return;
    this.#stopTimer = this.#startTimer(() => this.#tellAll(), gatherMs);
    this.#tell(changes);
  }
}
