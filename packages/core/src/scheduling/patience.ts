import type { Task } from "./task.ts";

/** The most that one step of the clock counts, so that a clock that jumps changes next to nothing. */
const longestStepMs = 10_000;

/**
 * The one task whose turn it was and that is too big for what is free. Smaller ones may pass it until they have done so
 * for a while; then room is kept for it.
 */
export class Patience {
  readonly #limitMs: number;
  #task: Task | null = null;
  #wasPassed = false;
  #passedForMs = 0;
  #lastMs: number | null = null;

  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  /** Counts the time since the last decision. Steps back count nothing. */
  tick(nowMs: number): void {
    if (this.#wasPassed && this.#lastMs !== null) {
      this.#passedForMs += Math.min(longestStepMs, Math.max(0, nowMs - this.#lastMs));
    }
    this.#lastMs = nowMs;
  }

  get task(): Task | null {
    return this.#task;
  }

  /** Whether room is kept for the task from now on. */
  get isOver(): boolean {
    return this.#task !== null && this.#passedForMs >= this.#limitMs;
  }

  begin(task: Task): void {
    this.#task = task;
    this.#wasPassed = false;
    this.#passedForMs = 0;
  }

  /** Another task was started while this one waits. */
  passed(): void {
    if (this.#task !== null) this.#wasPassed = true;
  }

  end(): void {
    this.#task = null;
    this.#wasPassed = false;
    this.#passedForMs = 0;
  }

  /** What a restart must know. */
  save(): SavedPatience | null {
    const task = this.#task;
    return task && { taskId: task.id, wasPassed: this.#wasPassed, passedForMs: this.#passedForMs };
  }

  restore({ wasPassed, passedForMs }: SavedPatience, task: Task): void {
    this.#task = task;
    this.#wasPassed = wasPassed;
    this.#passedForMs = passedForMs;
  }
}

export interface SavedPatience {
  readonly taskId: string;
  readonly wasPassed: boolean;
  readonly passedForMs: number;
}
