import { accept, refuse, type Refused, type Result } from "../errors/result.ts";
import type { Vector } from "../quota/amounts.ts";
import { findImpossible, hold, release, type QuotaNode, type QuotaTree } from "../quota/quota-tree.ts";
import { standardBands, type Band } from "./bands.ts";
import { Charges, correctionOf } from "./charges.ts";
import { DemandClasses } from "./demand-class.ts";
import { explainTask } from "./explain.ts";
import {
  dropEmptyLanes,
  findLane,
  isUnparked,
  reconsider,
  reconsiderHeld,
  reconsiderReleased,
  refreshOrder,
} from "./lanes.ts";
import { Patience, type SavedPatience } from "./patience.ts";
import type {
  Explanation,
  SchedulerOptions,
  SchedulerState,
  ShareRow,
  StartedTask,
  TaskRun,
  WaitingTask,
} from "./scheduler.ts";
import { ShareTree } from "./share-tree.ts";
import { TaskPlaces } from "./task-places.ts";
import { refuseBand, refuseImpossible, refuseNumbers, refusePlace, refuseWeight } from "./task-refusals.ts";
import { TaskRegister } from "./task-register.ts";
import type { Task } from "./task.ts";
import { TurnChoice } from "./turn-choice.ts";

const done = accept(undefined);

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
  readonly #tasks: TaskRegister;
  readonly #charges: Charges;
  readonly #places: TaskPlaces;
  readonly #choice: TurnChoice;
  readonly #depth: number;

  /** @throws when the quota tree does not know the server, and for a patience or the weight of a band that is none */
  constructor(options: SchedulerOptions) {
    const { quotas, serverId, depth = 3, bands = standardBands, patienceMs = 30_000, isStored = false } = options;
    const server = quotas.find(serverId);
    if (!server) throw new Error(`the quota tree has no node ${serverId}`);
    if (!(patienceMs >= 0)) throw new RangeError(`patience is at least 0 ms, not ${patienceMs}`);
    for (const band of bands) orThrow(refuseBand(band));
    this.#options = options;
    this.#quotas = quotas;
    this.#server = server;
    this.#depth = depth;
    this.#shares = new ShareTree(server, { quotas, depth, bands, isStored });
    this.#patience = new Patience(patienceMs);
    this.#classes = new DemandClasses(server.limit.length);
    this.#charges = new Charges(server);
    this.#places = new TaskPlaces(this.#shares, this.#patience);
    this.#tasks = new TaskRegister({ quotas, shares: this.#shares, places: this.#places, classes: this.#classes });
    const { root } = this.#shares;
    this.#choice = new TurnChoice({ server, root, patience: this.#patience, charges: this.#charges });
  }

  get waitingCount(): number {
    return this.#tasks.waiting;
  }

  get runningCount(): number {
    return this.#tasks.running;
  }

  isWaiting(id: string): boolean {
    return this.#tasks.findWaiting(id) !== undefined;
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
    if (this.#tasks.find(task.id)) return done;
    // A leaf knows its node, so that one is looked up only for the first task of a leaf.
    const leaf = this.#shares.findLeaf(task.band, task.nodeId);
    const quota = leaf?.holder ?? this.#quotas.find(task.nodeId);
    if (!quota) return refuse("NOT_FOUND", `${task.id} cannot wait at ${task.nodeId}: there is no such node`);
    const demand = this.#classes.of(task.demand);
    if (!demand.ok) return demand;
    // Where one such task waits and would fit now, another may wait.
    const lane = leaf && findLane(leaf, demand.value);
    const isPossible = lane !== undefined && isUnparked(lane);
    const refusal = refuseNumbers(task) ?? (isPossible ? undefined : refuseImpossible(task, quota));
    if (refusal) return refusal;
    this.#tasks.add(task, leaf ?? this.#shares.leafOf(task.band, quota), demand.value);
    return done;
  }

  /** Takes a waiting task out; those that waited for it may start. Returns whether it was waiting. */
  remove(id: string): boolean {
    const task = this.#tasks.findWaiting(id);
    if (!task) return false;
    this.#tasks.remove(task);
    this.#tasks.releaseDependents(id);
    this.#shares.settle(task.leaf);
    return true;
  }

  /** Sets a waiting task aside, or takes it back. It keeps its place. Returns whether it was waiting. */
  setSuspended(id: string, isSuspended: boolean): boolean {
    const task = this.#tasks.findWaiting(id);
    if (!task) return false;
    if (task.isSuspended !== isSuspended) this.#places.change(task, () => (task.isSuspended = isSuspended));
    return true;
  }

  /** Puts a waiting task into another band; among the tasks there it has the place of its number. */
  setBand(id: string, band: Band): boolean {
    const task = this.#tasks.findWaiting(id);
    if (!task) return false;
    if (task.leaf.band !== band) {
      this.#places.change(task, () => (task.leaf = this.#shares.leafOf(band, task.leaf.holder)));
    }
    return true;
  }

  /**
   * Sets the weight of a node beside its siblings, for what it starts from now on. Without one it is 1.
   *
   * @returns `BAD_REQUEST` for a weight that is not from 0.001 to 1,000,000
   */
  setWeight(nodeId: string, weight: number): Result<void> {
    const refusal = refuseWeight(nodeId, weight);
    if (refusal) return refusal;
    this.#shares.setWeight(nodeId, weight);
    return done;
  }

  /**
   * Sets the limit of a node of the quota tree, the server's capacity among them. What runs goes on.
   *
   * @returns what {@link QuotaTree.setLimit} refuses
   */
  setLimit(nodeId: string, limit: Vector): Result<void> {
    const set = this.#quotas.setLimit(nodeId, limit);
    if (!set.ok) return set;
    this.#charges.forgetShares();
    if (set.value === this.#server) reconsider(this.#shares.root);
    this.#reconsiderNode(nodeId);
    return done;
  }

  /** Lets a waiting task ask for something else. It keeps its place, and who waits for it goes on waiting. */
  setDemand(id: string, demand: Vector): Result<void> {
    const task = this.#tasks.findWaiting(id);
    if (!task) return refuse("NOT_FOUND", `${id} does not wait here`);
    const found = this.#classes.of(demand);
    if (!found.ok) return found;
    const refusal = refuseImpossible({ id, demand }, task.leaf.holder);
    if (refusal) return refusal;
    if (found.value !== task.demand) this.#places.changeDemand(task, found.value);
    return done;
  }

  /**
   * Puts a node of the quota tree, with all below it, under another parent. Its tasks leave their place and come to the new
   * one as if anew: what waits keeps its place in its project, and what runs is charged there instead. It looks at every task.
   *
   * @returns what {@link QuotaTree.move} refuses, and `BAD_REQUEST` for a place that is too deep or not on this server
   */
  moveNode(id: string, parentId: string): Result<void> {
    const node = this.#quotas.find(id);
    const parent = this.#quotas.find(parentId);
    const tasks = node ? this.#tasks.within(node) : [];
    const around = { quotas: this.#quotas, server: this.#server, depth: this.#depth, hasTasks: tasks.length > 0 };
    const refusal = node && parent && refusePlace(node, parent, around);
    if (refusal) return refusal;
    const before = node?.parent ?? null;
    const moved = this.#quotas.move(id, parentId);
    if (!moved.ok) return moved;
    // What opens where less is held now is opened before its tasks leave, so that no node closes in between.
    for (const changed of [before, moved.value.parent]) {
      for (let up = changed; up !== null; up = up.parent) this.#reconsiderNode(up.id);
    }
    this.#tasks.detach(tasks);
    this.#shares.forgetNode(id);
    this.#tasks.attach(tasks);
    return done;
  }

  /** Takes a node out of the quota tree. @returns what {@link QuotaTree.remove} refuses, and `CONFLICT` while tasks wait in it */
  removeNode(id: string): Result<void> {
    if (this.#shares.nodesOf(id).some(({ isBusy }) => isBusy)) {
      return refuse("CONFLICT", `tasks wait or run in ${id}; take them out first`);
    }
    const removed = this.#quotas.remove(id);
    if (removed.ok) this.#shares.forgetNode(id);
    return removed;
  }

  /** Waiting tasks that could not start even if nothing ran, because a limit was lowered. It looks at every task. */
  impossible(): string[] {
    const ids: string[] = [];
    for (const task of this.#tasks.all()) {
      if (task.run === null && findImpossible(task.leaf.holder, task.demand.vector)) ids.push(task.id);
    }
    return ids;
  }

  /** The tasks that wait for `id` to end. */
  waitingFor(id: string): string[] {
    return this.#tasks.dependentsOf(id).map((task) => task.id);
  }

  /**
   * Starts the next task: holds what it asks for and charges its nodes. Nothing when nothing may start now.
   *
   * @param nowMs used only to measure how long a task that is too big was passed, and for estimates; it may jump
   * @throws for a time that is no finite number
   */
  next(nowMs: number): StartedTask | undefined {
    this.#patience.tick(nowMs);
    const task = this.#choice.choose();
    if (task === undefined) return undefined;
    this.#start(task, nowMs);
    return { id: task.id, expectedMs: task.expectedMs };
  }

  /**
   * Says that a running task ended: gives back what it held and corrects what its nodes were charged.
   *
   * @param durationMs how long it ran; without it the expected duration stands
   * @returns whether it was running
   * @throws for a duration that is no number; nothing has changed then
   */
  ended(id: string, durationMs?: number): boolean {
    if (Number.isNaN(durationMs)) throw new RangeError(`${id} ran for a number of milliseconds, not ${durationMs}`);
    const task = this.#tasks.find(id);
    if (!task?.run) return false;
    const { leaf, run } = task;
    this.#tasks.delete(task);
    if (durationMs !== undefined) {
      this.#shares.correct(leaf, correctionOf(task, { cost: run.cost, durationMs }), run);
    }
    this.#release(task);
    this.#endTurn(task);
    this.#tasks.releaseDependents(id);
    this.#shares.settle(leaf);
    return true;
  }

  /**
   * Takes back a start: the task waits again at its place, and its nodes get back what they were charged. Two things stay as
   * the start left them. The virtual time, because others may have begun from there: who comes now begins beside the task and
   * not before it. And who was passed for how long: a task that was passed before it started is passed anew.
   *
   * Returns whether it was running.
   */
  putBack(id: string): boolean {
    const task = this.#tasks.find(id);
    if (!task?.run) return false;
    const { leaf, run } = task;
    this.#shares.correct(leaf, -run.cost, run);
    this.#release(task);
    task.run = null;
    // It is in its place before its turn ends, so that what comes after it in its project does not open in between.
    this.#places.place(task);
    this.#endTurn(task);
    this.#shares.settle(leaf);
    return true;
  }

  /** Why a waiting task has not started, its position, and when it will. It plays the queue ahead on a copy. */
  explain(id: string, nowMs: number): Result<Explanation> {
    const task = this.#tasks.findWaiting(id);
    if (!task) return refuse("NOT_FOUND", `${id} does not wait here`);
    const keptFor = this.#patience.isOver ? this.#patience.task : null;
    const state = this.state();
    const restore = (quotas: QuotaTree) => FairScheduler.restore({ ...this.#options, quotas, isStored: false }, state);
    return accept(explainTask(task, { server: this.#server, keptFor, options: this.#options, state, restore, nowMs }));
  }

  /** All that it knows. A scheduler that is restored from it, over the same limits, decides the same from then on. */
  state(): SchedulerState {
    return {
      shares: this.#shares.rows(),
      tasks: this.#tasks.rows(),
      weights: this.#shares.weights(),
      patience: this.#patience.save(),
    };
  }

  /**
   * A scheduler as {@link state} described it. Running tasks hold their demand in the quota tree again, which must hold
   * nothing of them yet; what no longer fits into a limit is held all the same.
   *
   * @throws when a task's node is not in the tree, and for a weight that is none
   */
  static restore(options: SchedulerOptions, state: SchedulerState): FairScheduler {
    const scheduler = new FairScheduler(options);
    for (const [id, weight] of Object.entries(state.weights)) {
      orThrow(refuseWeight(id, weight));
      scheduler.#shares.setWeight(id, weight);
    }
    scheduler.#shares.restore(state.shares, () => scheduler.#tasks.restore(state.tasks));
    const passed = state.patience && scheduler.#tasks.find(state.patience.taskId);
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
    return this.#tasks.find(id)?.run ?? undefined;
  }

  #reconsiderNode(nodeId: string): void {
    for (const node of this.#shares.nodesOf(nodeId)) reconsider(node);
  }

  /** Gives back what a running task holds. */
  #release(task: Task): void {
    const { leaf } = task;
    this.#tasks.running--;
    this.#shares.countEnd(leaf);
    release(leaf.holder, task.demand.vector);
    reconsiderReleased(leaf);
  }

  /** A task that ran does not hold back the next of its project any more. */
  #endTurn(task: Task): void {
    const { peers } = task.leaf;
    if (peers.orderedRun !== task) return;
    peers.orderedRun = null;
    refreshOrder(peers);
  }

  #start(task: Task, nowMs: number): void {
    const { leaf, demand } = task;
    const cost = this.#charges.costOf(task);
    if (task === this.#patience.task) this.#patience.end();
    else this.#patience.passed(cost);
    if (task.isOrdered) leaf.peers.orderedRun = task;
    const lane = this.#places.unqueue(task);
    const start = this.#shares.countStart(leaf);
    const bandWeight = this.#shares.bandWeight(leaf);
    task.run = { startedAtMs: nowMs, start, cost, bandWeight };
    this.#tasks.running++;
    hold(leaf.holder, demand.vector);
    reconsiderHeld(leaf, this.#classes.largest);
    this.#shares.charge(leaf, cost, bandWeight);
    dropEmptyLanes(lane);
  }
}

function orThrow(refusal: Refused | undefined): void {
  if (refusal) throw new RangeError(refusal.error.message);
}
