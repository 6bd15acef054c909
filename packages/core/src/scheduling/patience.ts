import type { Task } from "./task.ts";

/** The most that one step of the clock counts, so that a clock that jumps changes next to nothing. */
const longestStepMs = 10_000;

/**
 * The one task whose turn it was and that is too big for what is free. Smaller ones may pass it until they were charged as
 * much as it will be, or for a while; then room is kept for it. By the first of these two a tenant with large tasks falls
 * behind others by no more than one of its tasks.
 */
export class Patience {
  readonly #limitMs: number;
  #task: Task | null = null;
  #wasPassed = false;
  #passedForMs = 0;
  #passedCost = 0;
  #allowedCost = 0;
  #lastMs: number | null = null;

  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  /** Counts the time since the last decision. Steps back count nothing. @throws for a time that is none */
  tick(nowMs: number): void {
    if (!Number.isFinite(nowMs)) throw new RangeError(`a time is a number of milliseconds, not ${nowMs}`);
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
    if (this.#task === null) return false;
    return this.#passedForMs >= this.#limitMs || this.#passedCost >= this.#allowedCost;
  }

  /** @param cost what the task will be charged */
  begin(task: Task, cost: number): void {
    this.end();
    this.#task = task;
    this.#allowedCost = cost;
  }

  /** Another task was started while this one waits, and was charged `cost`. */
  passed(cost: number): void {
    if (this.#task === null) return;
    this.#wasPassed = true;
    this.#passedCost += cost;
  }

  end(): void {
    this.#task = null;
    this.#wasPassed = false;
    this.#passedForMs = 0;
    this.#passedCost = 0;
    this.#allowedCost = 0;
  }

  /** What a restart must know. */
  save(): SavedPatience | null {
    if (this.#task === null) return null;
    return {
      taskId: this.#task.id,
      wasPassed: this.#wasPassed,
      passedForMs: this.#passedForMs,
      passedCost: this.#passedCost,
      allowedCost: this.#allowedCost,
      lastMs: this.#wasPassed ? this.#lastMs : null,
    };
  }

  restore({ wasPassed, passedForMs, passedCost, allowedCost, lastMs }: SavedPatience, task: Task): void {
    this.#task = task;
    this.#wasPassed = wasPassed;
    this.#passedForMs = passedForMs;
    this.#passedCost = passedCost;
    this.#allowedCost = allowedCost;
    this.#lastMs = lastMs;
  }
}

export interface SavedPatience {
  readonly taskId: string;
  readonly wasPassed: boolean;
  readonly passedForMs: number;
  readonly passedCost: number;
  readonly allowedCost: number;
  /** When it was counted last for how long the task was passed; `null` before it was passed. */
  readonly lastMs: number | null;
}
