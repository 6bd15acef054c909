import type { Task } from "./task.ts";

/** Which tasks wait for which others to end. */
export class Dependencies {
  readonly #dependents = new Map<string, Set<Task>>();

  /** Lets a task wait for `open`, none of which has ended. */
  link(task: Task, open: readonly string[]): void {
    if (open.length === 0) return;
    task.after = new Set(open);
    for (const id of open) {
      const dependents = this.#dependents.get(id);
      if (dependents) dependents.add(task);
      else this.#dependents.set(id, new Set([task]));
    }
  }

  /** A task waits for nothing any more, because it is taken out. */
  unlink(task: Task): void {
    for (const id of task.after ?? []) this.#dependents.get(id)?.delete(task);
  }

  /** The tasks that wait for `id`. */
  of(id: string): readonly Task[] {
    return [...(this.#dependents.get(id) ?? [])];
  }

  /** What it was waited for has ended. Returns the tasks that waited for it; {@link meet} is to be called for each. */
  take(id: string): Iterable<Task> {
    const dependents = this.#dependents.get(id);
    if (dependents === undefined) return noTasks;
    this.#dependents.delete(id);
    return dependents;
  }
}

const noTasks: readonly Task[] = [];

/** A task does not wait for `id` any more. */
export function meet(task: Task, id: string): void {
  task.after?.delete(id);
  if (task.after?.size === 0) task.after = null;
}
