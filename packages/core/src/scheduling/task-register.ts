import { hold, isWithin, type QuotaNode, type QuotaTree } from "../quota/quota-tree.ts";
import type { DemandClass, DemandClasses } from "./demand-class.ts";
import { Dependencies, meet } from "./dependencies.ts";
import { dropEmptyLanes } from "./lanes.ts";
import type { TaskRow, TaskRun, WaitingTask } from "./scheduler.ts";
import type { ShareNode } from "./share-node.ts";
import type { ShareTree } from "./share-tree.ts";
import type { TaskPlaces } from "./task-places.ts";
import { rowOf } from "./task-rows.ts";
import type { Task } from "./task.ts";

interface Surroundings {
  readonly quotas: QuotaTree;
  readonly shares: ShareTree;
  readonly places: TaskPlaces;
  readonly classes: DemandClasses;
}

/** The tasks of a server, those that wait and those that run, and which of them wait for which. */
export class TaskRegister {
  readonly #around: Surroundings;
  readonly #tasks = new Map<string, Task>();
  readonly #dependencies = new Dependencies();
  /** How many of them run. */
  running = 0;

  constructor(around: Surroundings) {
    this.#around = around;
  }

  get waiting(): number {
    return this.#tasks.size - this.running;
  }

  all(): Iterable<Task> {
    return this.#tasks.values();
  }

  find(id: string): Task | undefined {
    return this.#tasks.get(id);
  }

  findWaiting(id: string): Task | undefined {
    const task = this.#tasks.get(id);
    return task?.run === null ? task : undefined;
  }

  /** Takes in a task that waits from now on. */
  add(waiting: WaitingTask, leaf: ShareNode, demand: DemandClass): void {
    const task = this.#make(waiting, leaf, demand);
    if (waiting.after) this.#link(task, waiting.after);
    this.#around.places.place(task);
  }

  /** Takes a waiting task out of its queue and out of the register. */
  remove(task: Task): void {
    this.#dependencies.unlink(task);
    dropEmptyLanes(this.#around.places.withdraw(task));
    this.#tasks.delete(task.id);
  }

  /** Takes a running task out of the register. */
  delete(task: Task): void {
    this.#tasks.delete(task.id);
  }

  /** Those that wait for `id` to end. */
  dependentsOf(id: string): readonly Task[] {
    return this.#dependencies.of(id);
  }

  /** Nothing waits for `id` any more. */
  releaseDependents(id: string): void {
    for (const task of this.#dependencies.take(id)) this.#around.places.change(task, () => meet(task, id));
  }

  rows(): TaskRow[] {
    return [...this.#tasks.values()].map(rowOf);
  }

  /** @throws when a task's node is not in the quota tree */
  restore(rows: readonly TaskRow[]): void {
    const waiting: { readonly task: Task; readonly row: TaskRow }[] = [];
    for (const row of rows) {
      const quota = this.#around.quotas.find(row.nodeId);
      if (!quota) throw new Error(`${row.id} waits at ${row.nodeId}, which is not in the quota tree`);
      const demand = this.#around.classes.of(row.demand);
      if (!demand.ok) throw new Error(`${row.id}: ${demand.error.message}`);
      const task = this.#make(row, this.#around.shares.leafOf(row.band, quota), demand.value);
      if (row.run) this.#restoreRun(task, row.run);
      else waiting.push({ task, row });
    }
    for (const { task, row } of waiting) {
      task.isSuspended = row.isSuspended;
      if (row.after) this.#link(task, row.after);
      this.#around.places.place(task);
    }
  }

  /** The tasks that count at a node of the quota tree, by their numbers. It looks at every task. */
  within(node: QuotaNode): Task[] {
    const tasks = [...this.#tasks.values()].filter(({ leaf }) => isWithin(leaf.holder, node));
    return tasks.sort((a, b) => a.seq - b.seq);
  }

  /** Takes tasks from their leaves, which will be others; what runs is not charged there any more. */
  detach(tasks: readonly Task[]): void {
    const { places, shares } = this.#around;
    // The last first: nobody opens in between who was held back by one that left.
    for (const task of tasks.toReversed()) {
      const { leaf, run } = task;
      if (run === null) dropEmptyLanes(places.withdraw(task));
      else {
        shares.correct(leaf, -run.cost, run);
        shares.countEnd(leaf);
      }
      shares.settle(leaf);
    }
  }

  /** Puts them where their nodes are now; what runs is charged there. */
  attach(tasks: readonly Task[]): void {
    const { places, shares } = this.#around;
    for (const task of tasks) task.leaf = shares.leafOf(task.leaf.band, task.leaf.holder);
    // Who runs first: it decides who of its project may start.
    for (const task of tasks) {
      if (task.run === null) continue;
      shares.endIdleness(task.leaf);
      this.#occupy(task, task.run);
      shares.correct(task.leaf, task.run.cost, task.run);
    }
    // The first first: nobody opens in between who will be held back by one that comes.
    for (const task of tasks) if (task.run === null) places.place(task);
  }

  #restoreRun(task: Task, run: TaskRun): void {
    task.run = run;
    this.running++;
    this.#occupy(task, run);
    hold(task.leaf.holder, task.demand.vector);
  }

  /** A task runs in its leaf, and in the order of its project. */
  #occupy(task: Task, run: TaskRun): void {
    const { leaf } = task;
    if (task.isOrdered) leaf.peers.orderedRun = task;
    this.#around.shares.restoreStart(leaf, run.start);
    this.#around.shares.occupy(leaf);
  }

  #make({ id, seq, expectedMs, isOrdered }: WaitingTask, leaf: ShareNode, demand: DemandClass): Task {
    const task: Task = {
      id,
      seq,
      demand,
      expectedMs,
      isOrdered,
      isSuspended: false,
      after: null,
      leaf,
      lane: null,
      run: null,
    };
    this.#tasks.set(id, task);
    return task;
  }

  /** Lets a task wait for those of `others` that have not ended. */
  #link(task: Task, others: readonly string[]): void {
    this.#dependencies.link(
      task,
      others.filter((id) => id !== task.id && this.#tasks.has(id)),
    );
  }
}
