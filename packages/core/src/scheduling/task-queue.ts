import type { Task } from "./task.ts";

const shortLength = 8;

/** Tasks in the order of their numbers. Taking the first and adding the newest cost the same however many wait. */
export class TaskQueue {
  #tasks: (Task | undefined)[] = [];
  #first = 0;

  first(): Task | undefined {
    return this.#tasks[this.#first];
  }

  get length(): number {
    return this.#tasks.length - this.#first;
  }

  add(task: Task): void {
    const newest = this.#tasks.length > this.#first ? this.#tasks[this.#tasks.length - 1] : undefined;
    if (newest === undefined || newest.seq < task.seq) this.#append(task);
    else this.#tasks.splice(this.#find(task.seq), 0, task);
  }

  #append(task: Task): void {
    // There are many short queues: an array of the exact length is the smallest.
    if (this.#tasks.length < shortLength) this.#tasks = [...this.#tasks, task];
    else this.#tasks.push(task);
  }

  /** Takes out a task that is in the queue. */
  remove(task: Task): void {
    if (this.#tasks[this.#first] !== task) {
      this.#tasks.splice(this.#find(task.seq), 1);
      return;
    }
    this.#tasks[this.#first] = undefined;
    this.#first++;
    if (this.#first === this.#tasks.length) {
      this.#tasks = [];
      this.#first = 0;
    } else if (this.#first > 32 && this.#first * 2 > this.#tasks.length) {
      this.#tasks = this.#tasks.slice(this.#first);
      this.#first = 0;
    }
  }

  /** The task that comes right before another one in the queue. */
  before(task: Task): Task | undefined {
    const index = this.#find(task.seq) - 1;
    return index >= this.#first ? this.#tasks[index] : undefined;
  }

  /** Where a number stands or would stand. */
  #find(seq: number): number {
    let low = this.#first;
    let high = this.#tasks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#tasks[middle] as Task).seq < seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
