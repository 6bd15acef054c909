import { accept, refuse, type Result } from "../errors/result.ts";
import type { Vector } from "../quota/amounts.ts";
import { findImpossible, hold, release, shortAt, type QuotaNode, type QuotaTree } from "../quota/quota-tree.ts";
import { standardBands, type Band } from "./bands.ts";
import { DemandClasses, type DemandClass } from "./demand-class.ts";
import { explainTask } from "./explain.ts";
import { isBefore } from "./lane-heap.ts";
import {
  dropEmptyLanes,
  headOf,
  isEligible,
  isUnparked,
  findLane,
  laneOf,
  reconsider,
  reconsiderHeld,
  reconsiderReleased,
  refresh,
  refreshOrder,
  type Lane,
} from "./lanes.ts";
import { Patience, type SavedPatience } from "./patience.ts";
import type {
  Explanation,
  SchedulerOptions,
  SchedulerState,
  ShareRow,
  StartedTask,
  TaskRow,
  TaskRun,
  WaitingTask,
} from "./scheduler.ts";
import type { ShareNode } from "./share-node.ts";
import { ShareTree } from "./share-tree.ts";
import { isReady, type Task } from "./task.ts";
import { TaskQueue } from "./task-queue.ts";

/** The shortest and the longest duration that a task is charged for. */
const shortestMs = 1;
const longestMs = 366 * 24 * 3600 * 1000;
/** Beyond these a charge would be too small or too large to be counted. */
const leastWeight = 0.001;
const largestWeight = 1_000_000;

const done = accept(undefined);
const mayAll = () => true;

/**
 * Decides which task starts next on one server: hierarchical start-time fair queueing over the tree
 * band → org → workspace → project (Goyal, Vin and Cheng, "Start-time Fair Queuing", SIGCOMM 1996), where a task costs its
 * dominant share of the server times its duration. A task is charged when it starts and corrected when it ends. Every
 * limit of the quota tree holds at any time.
 *
 * It has no clock and no storage: {@link state} is all it knows, and a scheduler made from it decides the same.
 */
export class FairScheduler {
  readonly #options: SchedulerOptions;
  readonly #quotas: QuotaTree;
  readonly #server: QuotaNode;
  readonly #shares: ShareTree;
  readonly #patience: Patience;
  readonly #classes: DemandClasses;
  readonly #tasks = new Map<string, Task>();
  readonly #dependents = new Map<string, Set<Task>>();
  #searches = 0;
  #limitsVersion = 0;
  #running = 0;

  /** @throws when the quota tree does not know the server */
  constructor(options: SchedulerOptions) {
    const { quotas, serverId, depth = 3, bands = standardBands, patienceMs = 30_000, isStored = false } = options;
    const server = quotas.find(serverId);
    if (!server) throw new Error(`the quota tree has no node ${serverId}`);
    this.#options = options;
    this.#quotas = quotas;
    this.#server = server;
    this.#shares = new ShareTree(server, { quotas, depth, bands, isStored });
    this.#patience = new Patience(patienceMs);
    this.#classes = new DemandClasses(server.limit.length);
  }

  get waitingCount(): number {
    return this.#tasks.size - this.#running;
  }

  get runningCount(): number {
    return this.#running;
  }

  isWaiting(id: string): boolean {
    return this.#tasks.get(id)?.run === null;
  }

  isRunning(id: string): boolean {
    return this.runOf(id) !== undefined;
  }

  /**
   * Adds a task to the queue. A known id changes nothing.
   *
   * @returns `NOT_FOUND` for an unknown node, `BAD_REQUEST` for a duration, number or amount that is none,
   *   `QUOTA_EXCEEDED` when it could not start even if nothing else ran: the message names the limit
   */
  enqueue(task: WaitingTask): Result<void> {
    if (this.#tasks.has(task.id)) return done;
    const quota = this.#quotas.find(task.nodeId);
    if (!quota) return refuse("NOT_FOUND", `${task.id} cannot wait at ${task.nodeId}: there is no such node`);
    const demand = this.#classes.of(task.demand);
    if (!demand.ok) return demand;
    const leaf = this.#shares.findLeaf(task.band, quota);
    // Where one such task waits and would fit now, another may wait.
    const lane = leaf && findLane(leaf, demand.value);
    const isPossible = lane !== undefined && isUnparked(lane);
    const refusal = refuseNumbers(task) ?? (isPossible ? undefined : refuseImpossible(task, quota));
    if (refusal) return refusal;
    const added = this.#make(task, leaf ?? this.#shares.leafOf(task.band, quota), demand.value);
    if (task.after) this.#link(added, task.after);
    this.#place(added);
    return done;
  }

  /** Takes a waiting task out; those that waited for it may start. Returns whether it was waiting. */
  remove(id: string): boolean {
    const task = this.#tasks.get(id);
    if (task?.run !== null) return false;
    for (const other of task.after ?? []) this.#dependents.get(other)?.delete(task);
    dropEmptyLanes(this.#withdraw(task));
    this.#tasks.delete(id);
    this.#releaseDependents(id);
    this.#shares.settle(task.leaf);
    return true;
  }

  /** Sets a waiting task aside, or takes it back. It keeps its place. Returns whether it was waiting. */
  setSuspended(id: string, isSuspended: boolean): boolean {
    const task = this.#tasks.get(id);
    if (task?.run !== null) return false;
    if (task.isSuspended !== isSuspended) this.#change(task, () => (task.isSuspended = isSuspended));
    return true;
  }

  /** Puts a waiting task into another band; among the tasks there it has the place of its number. */
  setBand(id: string, band: Band): boolean {
    const task = this.#tasks.get(id);
    if (task?.run !== null) return false;
    if (task.leaf.band !== band) {
      this.#change(task, () => (task.leaf = this.#shares.leafOf(band, task.leaf.holder)));
    }
    return true;
  }

  /**
   * Sets the weight of a node beside its siblings, for what it starts from now on. Without one it is 1.
   *
   * @returns `BAD_REQUEST` for a weight that is not from 0.001 to 1,000,000
   */
  setWeight(nodeId: string, weight: number): Result<void> {
    if (!(weight >= leastWeight && weight <= largestWeight)) {
      return refuse(
        "BAD_REQUEST",
        `the weight of ${nodeId} must be from ${leastWeight} to ${largestWeight}, not ${weight}`,
      );
    }
    this.#shares.setWeight(nodeId, weight);
    return accept(undefined);
  }

  /** Sets the limit of a node of the quota tree, the server's capacity among them. What runs goes on. */
  setLimit(nodeId: string, limit: Vector): Result<void> {
    const set = this.#quotas.setLimit(nodeId, limit);
    if (!set.ok) return set;
    this.#limitsVersion++;
    if (set.value === this.#server) reconsider(this.#shares.root);
    for (const node of this.#shares.nodesOf(nodeId)) reconsider(node);
    return accept(undefined);
  }

  /** Waiting tasks that could not start even if nothing ran, because a limit was lowered. It looks at every task. */
  impossible(): string[] {
    const ids: string[] = [];
    for (const task of this.#tasks.values()) {
      if (task.run === null && findImpossible(task.leaf.holder, task.demand.vector)) ids.push(task.id);
    }
    return ids;
  }

  /** The tasks that wait for `id` to end. */
  waitingFor(id: string): string[] {
    return [...(this.#dependents.get(id) ?? [])].map((task) => task.id);
  }

  /**
   * Starts the next task: holds what it asks for and charges its nodes. Nothing when nothing may start now.
   *
   * @param nowMs used only to measure how long a task that is too big was passed, and for estimates; it may jump
   */
  next(nowMs: number): StartedTask | undefined {
    this.#patience.tick(nowMs);
    const task = this.#choose();
    if (task === undefined) return undefined;
    this.#start(task, nowMs);
    return { id: task.id, expectedMs: task.expectedMs };
  }

  /**
   * Says that a running task ended: gives back what it held and corrects what its nodes were charged.
   *
   * @param durationMs how long it ran; without it the expected duration stands
   * @returns whether it was running
   */
  ended(id: string, durationMs?: number): boolean {
    const task = this.#tasks.get(id);
    if (!task?.run) return false;
    const { leaf, run, expectedMs } = task;
    this.#tasks.delete(id);
    if (durationMs !== undefined) {
      this.#shares.correct(leaf, run.cost * (chargedMs(durationMs) / chargedMs(expectedMs) - 1), run);
    }
    this.#release(task);
    this.#releaseDependents(id);
    this.#shares.settle(leaf);
    return true;
  }

  /**
   * Takes back a start, as if it had never been: the task waits again at its place, and its nodes get back what they were
   * charged. Returns whether it was running.
   */
  putBack(id: string): boolean {
    const task = this.#tasks.get(id);
    if (!task?.run) return false;
    const { leaf, run } = task;
    this.#shares.correct(leaf, -run.cost, run);
    this.#release(task);
    task.run = null;
    this.#place(task);
    this.#shares.settle(leaf);
    return true;
  }

  /** Why a waiting task has not started, its position, and when it will. It plays the queue ahead on a copy. */
  explain(id: string, nowMs: number): Result<Explanation> {
    const task = this.#tasks.get(id);
    if (task?.run !== null) return refuse("NOT_FOUND", `${id} does not wait here`);
    const keptFor = this.#patience.isOver ? this.#patience.task : null;
    const state = this.state();
    const restore = (quotas: QuotaTree) => FairScheduler.restore({ ...this.#options, quotas, isStored: false }, state);
    return accept(explainTask(task, { server: this.#server, keptFor, options: this.#options, state, restore, nowMs }));
  }

  /** All that it knows. A scheduler that is restored from it, over the same limits, decides the same from then on. */
  state(): SchedulerState {
    return {
      shares: this.#shares.rows(),
      tasks: [...this.#tasks.values()].map(rowOf),
      weights: this.#shares.weights(),
      patience: this.#patience.save(),
    };
  }

  /**
   * A scheduler as {@link state} described it. Running tasks hold their demand in the quota tree again, which must hold
   * nothing of them yet; what no longer fits into a limit is held all the same.
   *
   * @throws when a task's node is not in the tree
   */
  static restore(options: SchedulerOptions, state: SchedulerState): FairScheduler {
    const scheduler = new FairScheduler(options);
    for (const [id, weight] of Object.entries(state.weights)) scheduler.#shares.setWeight(id, weight);
    scheduler.#shares.restore(state.shares, () => scheduler.#restoreTasks(state.tasks));
    const passed = state.patience && scheduler.#tasks.get(state.patience.taskId);
    if (state.patience && passed) scheduler.#patience.restore(state.patience, passed);
    return scheduler;
  }

  /** The rows of shares that changed since the last call, and the paths of those that are gone. */
  takeChanges(): { readonly changed: ShareRow[]; readonly gone: (readonly string[])[] } {
    return this.#shares.takeChanges();
  }

  /** The task that is passed by smaller ones, to be stored. */
  patience(): SavedPatience | null {
    return this.#patience.save();
  }

  /** What a running task was charged, to be stored with it. */
  runOf(id: string): TaskRun | undefined {
    return this.#tasks.get(id)?.run ?? undefined;
  }

  #restoreTasks(rows: readonly TaskRow[]): void {
    const waiting: { readonly task: Task; readonly row: TaskRow }[] = [];
    for (const row of rows) {
      const quota = this.#quotas.find(row.nodeId);
      if (!quota) throw new Error(`${row.id} waits at ${row.nodeId}, which is not in the quota tree`);
      const demand = this.#classes.of(row.demand);
      if (!demand.ok) throw new Error(`${row.id}: ${demand.error.message}`);
      const task = this.#make(row, this.#shares.leafOf(row.band, quota), demand.value);
      if (row.run) this.#restoreRun(task, row.run);
      else waiting.push({ task, row });
    }
    for (const { task, row } of waiting) {
      task.isSuspended = row.isSuspended;
      if (row.after) this.#link(task, row.after);
      this.#place(task);
    }
  }

  #restoreRun(task: Task, run: TaskRun): void {
    const { leaf } = task;
    task.run = run;
    if (task.isOrdered) leaf.peers.orderedRun = task;
    this.#running++;
    this.#shares.restoreStart(leaf, run.start);
    this.#shares.occupy(leaf);
    hold(leaf.holder, task.demand.vector);
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
    const open = others.filter((id) => id !== task.id && this.#tasks.has(id));
    if (open.length === 0) return;
    task.after = new Set(open);
    for (const id of open) {
      const dependents = this.#dependents.get(id);
      if (dependents) dependents.add(task);
      else this.#dependents.set(id, new Set([task]));
    }
  }

  #releaseDependents(id: string): void {
    const dependents = this.#dependents.get(id);
    if (dependents === undefined) return;
    this.#dependents.delete(id);
    for (const task of dependents) {
      this.#change(task, () => {
        task.after?.delete(id);
        if (task.after?.size === 0) task.after = null;
      });
    }
  }

  /** Changes a waiting task in a way that may move it to another place. */
  #change(task: Task, change: () => void): void {
    const { leaf } = task;
    const { peers } = leaf;
    const { orderedRun } = peers;
    // It keeps its place in the order, so whom it holds back stays held back.
    if (peers.ordered?.first() === task) peers.orderedRun ??= task;
    const lane = this.#withdraw(task);
    peers.orderedRun = orderedRun;
    change();
    this.#place(task);
    dropEmptyLanes(lane);
    this.#shares.settle(leaf);
  }

  /** Gives back what a running task holds, and its turn in the order of its project. */
  #release(task: Task): void {
    const { leaf } = task;
    this.#running--;
    this.#shares.countEnd(leaf);
    release(leaf.holder, task.demand.vector);
    reconsiderReleased(leaf);
    if (leaf.peers.orderedRun !== task) return;
    leaf.peers.orderedRun = null;
    refreshOrder(leaf.peers);
  }

  /** Puts a waiting task into its queue. */
  #place(task: Task): void {
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

  /** Takes a waiting task out of its queue. */
  #withdraw(task: Task): Lane {
    if (this.#patience.task === task) this.#patience.end();
    return this.#unqueue(task);
  }

  #unqueue(task: Task): Lane {
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

  #choose(): Task | undefined {
    const patience = this.#patience;
    if (patience.task && !isEligible(patience.task)) patience.end();
    if (patience.task && !patience.isOver && !this.#canAnyStart()) return undefined;
    if (!patience.isOver) {
      const first = this.#search(mayAll);
      if (first === undefined || shortAt(this.#server, first.demand.vector) < 0) return first;
      if (!patience.task) patience.begin(first, this.#costOf(first));
    }
    const kept = patience.isOver ? patience.task : null;
    if (kept === null) return this.#search((demand) => shortAt(this.#server, demand) < 0);
    if (shortAt(this.#server, kept.demand.vector) < 0) return kept;
    return this.#search((demand) => fitsBeside(this.#server, demand, kept.demand.vector));
  }

  /** Whether the server has room for any of what waits. */
  #canAnyStart(): boolean {
    for (let { lane } = this.#shares.root; lane !== null; lane = lane.next) {
      if (lane.top !== null && shortAt(this.#server, lane.demand.vector) < 0) return true;
    }
    return false;
  }

  /** The first task by the order of shares among those whose demand is `allowed`. */
  #search(allowed: (demand: Vector) => boolean): Task | undefined {
    const search = ++this.#searches;
    let node = this.#shares.root;
    for (let { lane } = node; lane !== null; lane = lane.next) {
      if (!lane.isParked && allowed(lane.demand.vector)) lane.search = search;
    }
    while (!node.isLeaf) {
      let least: ShareNode | undefined;
      for (let { lane } = node; lane !== null; lane = lane.next) {
        if (lane.search !== search) continue;
        const child = lane.top?.node;
        if (child && (!least || isBefore(child, least))) least = child;
      }
      if (least === undefined) return undefined;
      for (let { lane } = least; lane !== null; lane = lane.next) {
        if (lane.place >= 0 && lane.up?.search === search) lane.search = search;
      }
      node = least;
    }
    let first: Task | undefined;
    for (let { lane } = node; lane !== null; lane = lane.next) {
      if (lane.search !== search) continue;
      const head = headOf(lane);
      if (head && (!first || head.seq < first.seq)) first = head;
    }
    return first;
  }

  /** What a task is charged when it starts: its dominant share times how long it is expected to run. */
  #costOf({ demand, expectedMs }: Task): number {
    return demand.share(this.#server, this.#limitsVersion) * chargedMs(expectedMs);
  }

  #start(task: Task, nowMs: number): void {
    const { leaf, demand } = task;
    const cost = this.#costOf(task);
    if (task === this.#patience.task) this.#patience.end();
    else this.#patience.passed(cost);
    if (task.isOrdered) leaf.peers.orderedRun = task;
    const lane = this.#unqueue(task);
    const bandWeight = this.#shares.bandWeight(leaf);
    task.run = { startedAtMs: nowMs, start: this.#shares.countStart(leaf), cost, bandWeight };
    this.#running++;
    hold(leaf.holder, demand.vector);
    reconsiderHeld(leaf, this.#classes.largest);
    this.#shares.charge(leaf, cost, bandWeight);
    dropEmptyLanes(lane);
  }
}

function refuseNumbers({ id, expectedMs, seq }: WaitingTask): Result<void> | undefined {
  if (!Number.isFinite(expectedMs) || expectedMs < 0) {
    return refuse("BAD_REQUEST", `the expected duration of ${id} must be at least 0 ms, not ${expectedMs}`);
  }
  if (!Number.isSafeInteger(seq)) return refuse("BAD_REQUEST", `the number of ${id} must be whole, not ${seq}`);
  return undefined;
}

function refuseImpossible({ id, demand }: WaitingTask, quota: QuotaNode): Result<void> | undefined {
  const impossible = findImpossible(quota, demand);
  if (impossible === undefined) return undefined;
  const { node, resource } = impossible;
  return refuse(
    "QUOTA_EXCEEDED",
    `${id} asks for ${demand[resource]} of resource ${resource}; the limit of ${node.id} is ${node.limit[resource]}`,
  );
}

/** Whether `demand` leaves to `kept` what is free of each resource, and takes nothing of one that is short for it. */
function fitsBeside(server: QuotaNode, demand: Vector, kept: Vector): boolean {
  return demand.every((amount, i) => {
    if (amount === 0) return true;
    const free = (server.limit[i] as number) - (server.held[i] as number);
    const needed = kept[i] as number;
    return needed <= free ? amount <= free - needed : false;
  });
}

function chargedMs(durationMs: number): number {
  return Math.min(Math.max(durationMs, shortestMs), longestMs);
}

function rowOf(task: Task): TaskRow {
  const { id, leaf, seq, demand, expectedMs, isOrdered, isSuspended, after, run } = task;
  return {
    id,
    nodeId: leaf.holder.id,
    band: leaf.band,
    seq,
    demand: demand.vector,
    expectedMs,
    isOrdered,
    isSuspended,
    ...(after && { after: [...after] }),
    run,
  };
}
