import type { DemandClass } from "./demand-class.ts";
import { dropEmptyLanes, laneOf, refresh, refreshOrder, type Lane } from "./lanes.ts";
import type { Patience } from "./patience.ts";
import type { ShareTree } from "./share-tree.ts";
import { isReady, type Task } from "./task.ts";
import { TaskQueue } from "./task-queue.ts";

/** Puts waiting tasks where they wait: a lane of their leaf, and the order of their project. */
export class TaskPlaces {
  readonly #shares: ShareTree;
  readonly #patience: Patience;

  constructor(shares: ShareTree, patience: Patience) {
    this.#shares = shares;
    this.#patience = patience;
  }

  /** Puts a waiting task into its queue. */
  place(task: Task): void {
    const { leaf } = task;
    this.#shares.occupy(leaf);
    const lane = laneOf(leaf, task.demand);
    task.lane = lane;
    lane.users++;
    if (task.isOrdered) {
      const { peers } = leaf;
      const wasFirst = peers.ordered?.first();
      peers.ordered ??= new TaskQueue();
      peers.ordered.add(task);
      // What opens is opened before what closes, so that no node closes in between and loses what it is owed.
      refresh(lane);
      if (wasFirst?.lane && peers.ordered.first() !== wasFirst) refresh(wasFirst.lane);
      return;
    }
    if (isReady(task)) lane.queue?.add(task);
    refresh(lane);
  }

  /** Takes a waiting task out of its queue for good, or because it changes. Its lane may be empty then. */
  withdraw(task: Task): Lane {
    if (this.#patience.task === task) this.#patience.end();
    return this.unqueue(task);
  }

  /** Takes a task out of its queue because it starts. */
  unqueue(task: Task): Lane {
    const lane = task.lane as Lane;
    task.lane = null;
    if (task.isOrdered) {
      const { peers } = task.leaf;
      const wasFirst = peers.ordered?.first() === task;
      peers.ordered?.remove(task);
      if (wasFirst) refreshOrder(peers);
    } else if (isReady(task)) lane.queue?.remove(task);
    lane.users--;
    refresh(lane);
    return lane;
  }

  /** Lets a waiting task ask for something else. Its nodes stay open where it fits, so that none loses what it is owed. */
  changeDemand(task: Task, demand: DemandClass): void {
    if (this.#patience.task === task) this.#patience.end();
    const before = task.lane as Lane;
    const lane = laneOf(task.leaf, demand);
    task.demand = demand;
    task.lane = lane;
    lane.users++;
    before.users--;
    if (!task.isOrdered && isReady(task)) {
      lane.queue?.add(task);
      before.queue?.remove(task);
    }
    refresh(lane);
    refresh(before);
    dropEmptyLanes(before);
  }

  /** Changes a waiting task in a way that may move it to another place. */
  change(task: Task, change: () => void): void {
    const { leaf } = task;
    const { peers } = leaf;
    const { orderedRun } = peers;
    // It keeps its place in the order, so whom it holds back stays held back.
    if (peers.ordered?.first() === task) peers.orderedRun ??= task;
    const lane = this.withdraw(task);
    peers.orderedRun = orderedRun;
    change();
    this.place(task);
    dropEmptyLanes(lane);
    this.#shares.settle(leaf);
  }
}
