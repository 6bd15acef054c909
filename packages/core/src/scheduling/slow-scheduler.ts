import { accept, refuse } from "../errors/result.ts";
import { isSameVector, type Vector } from "../quota/amounts.ts";
import { bandNames, standardBands, type Band } from "./bands.ts";
import type { Played } from "./random-history.ts";
import type { WaitingTask } from "./scheduler.ts";

interface Share {
  tag: number;
  virtual: number;
  openedAt: number;
  refundable: number;
  isOpen: boolean;
  isBusy: boolean;
}

interface SlowTask {
  readonly task: WaitingTask;
  band: Band;
  demand: Vector;
  isSuspended: boolean;
  readonly after: Set<string>;
  /** The shares that it counts for: the root, its band, its org, its workspace, its project. */
  keys: readonly string[];
  /** Its node and all above it. */
  nodes: readonly string[];
  run: { readonly cost: number; readonly bandWeight: number; readonly start: number } | null;
}

const root = "";

/**
 * The rules of the scheduler written the slow and obvious way: nothing is kept that can be found by looking at all tasks,
 * no heaps, no lanes, and no node is ever forgotten. The real one is held to it.
 */
export class SlowScheduler implements Played {
  readonly shares = new Map<string, Share>();
  /** Limits by node id; `server` is the root of all. */
  readonly #limits: Map<string, Vector>;
  readonly #parents: Map<string, string>;
  readonly #weights = new Map<string, number>();
  readonly #patienceMs: number;
  #tasks: SlowTask[] = [];
  #passed: {
    readonly task: SlowTask;
    wasPassed: boolean;
    forMs: number;
    cost: number;
    readonly allowed: number;
  } | null = null;
  #lastMs: number | null = null;
  #starts = 0;
  /** What is left of each node's limits until something changes. */
  readonly #free = new Map<string, number[]>();

  /** @param limits by path below the server, in whose place a node stands first */
  constructor(limits: ReadonlyMap<string, Vector>, patienceMs: number) {
    this.#limits = new Map(limits);
    const paths = [...limits.keys()].filter((path) => path !== "server");
    this.#parents = new Map(paths.map((path) => [path, path.split("/").slice(0, -1).join("/") || "server"]));
    this.#patienceMs = patienceMs;
  }

  enqueue(task: WaitingTask) {
    if (!this.#limits.has(task.nodeId)) return refuse("NOT_FOUND", "there is no such node");
    const nodes = this.#nodesOf(task.nodeId);
    if (this.#isImpossible(task.demand, nodes)) return refuse("QUOTA_EXCEEDED", "it never fits");
    const known = (task.after ?? []).filter((id) => this.#tasks.some((other) => other.task.id === id));
    this.#tasks.push({
      task,
      band: task.band,
      demand: task.demand,
      isSuspended: false,
      after: new Set(known),
      keys: keysOf(task.band, nodes),
      nodes,
      run: null,
    });
    this.#settle();
    return accept(undefined);
  }

  remove(id: string): boolean {
    const task = this.#waiting(id);
    if (task === undefined) return false;
    if (this.#passed?.task === task) this.#passed = null;
    this.#forget(task);
    return true;
  }

  setSuspended(id: string, isSuspended: boolean): boolean {
    const task = this.#waiting(id);
    if (task === undefined) return false;
    if (this.#passed?.task === task && isSuspended) this.#passed = null;
    task.isSuspended = isSuspended;
    this.#settle();
    return true;
  }

  setBand(id: string, band: Band): boolean {
    const task = this.#waiting(id);
    if (task === undefined) return false;
    if (this.#passed?.task === task && task.band !== band) this.#passed = null;
    task.band = band;
    task.keys = keysOf(band, task.nodes);
    this.#settle();
    return true;
  }

  setWeight(nodeId: string, weight: number) {
    this.#weights.set(nodeId, weight);
    return accept(undefined);
  }

  setDemand(id: string, demand: Vector) {
    const task = this.#waiting(id);
    if (task === undefined) return refuse("NOT_FOUND", "it does not wait");
    if (this.#isImpossible(demand, task.nodes)) return refuse("QUOTA_EXCEEDED", "it never fits");
    if (this.#passed?.task === task && !isSameVector(task.demand, demand)) this.#passed = null;
    task.demand = demand;
    this.#settle();
    return accept(undefined);
  }

  /** The limits of the new place hold; then all tasks of the node leave, with what they were charged; then they come anew. */
  moveNode(id: string, parentId: string) {
    if (!this.#limits.has(id) || !this.#limits.has(parentId)) return refuse("NOT_FOUND", "there is no such node");
    const [before, above] = [this.#nodesOf(id), this.#nodesOf(parentId)];
    if (above.includes(id)) return refuse("BAD_REQUEST", "it would be below itself");
    const heights = [...this.#limits.keys()].map((other) => this.#nodesOf(other).indexOf(id));
    if (above.length + Math.max(...heights) > 3) return refuse("BAD_REQUEST", "it would be too deep");
    const held = [...this.#limitOf(id)].map((_, i) => this.#heldAt(id, i));
    const anew = above.filter((node) => !before.includes(node)).map((node) => this.#freeOf(node));
    if (anew.some((free) => held.some((amount, i) => amount > 0 && amount > at(free, i)))) {
      return refuse("QUOTA_EXCEEDED", "what it holds does not fit");
    }
    this.#parents.set(id, parentId);
    const moved = this.#tasks.filter(({ nodes }) => nodes.includes(id));
    for (const task of moved) task.nodes = this.#nodesOf(task.task.nodeId);
    this.#settle();
    for (const task of moved) {
      if (task.run) this.#charge(task, -task.run.cost, task.run);
      if (this.#passed?.task === task) this.#passed = null;
      task.keys = [];
    }
    this.#settle();
    this.#forgetShares(id);
    for (const task of moved.filter(({ run }) => run !== null)) {
      const keys = keysOf(task.band, task.nodes);
      for (const key of keys.slice(1)) this.#endIdleness(key);
      task.keys = keys;
      if (task.run) this.#charge(task, task.run.cost, task.run);
    }
    for (const task of moved) task.keys = keysOf(task.band, task.nodes);
    this.#settle();
    return accept(undefined);
  }

  /** Where nothing runs or could, what comes starts at the virtual time. */
  #endIdleness(key: string): void {
    const share = this.#share(key);
    if (share.isOpen || this.#tasks.some(({ run, keys }) => run !== null && keys.includes(key))) return;
    share.tag = Math.max(share.tag, this.#share(parentOf(key)).virtual);
  }

  removeNode(id: string) {
    if (!this.#limits.has(id)) return refuse("NOT_FOUND", "there is no such node");
    const isUsed = this.#tasks.some(({ nodes }) => nodes.includes(id)) || [...this.#parents.values()].includes(id);
    if (isUsed) return refuse("CONFLICT", "something is in it");
    this.#limits.delete(id);
    this.#parents.delete(id);
    this.#forgetShares(id);
    return accept(undefined);
  }

  setLimit(nodeId: string, limit: Vector) {
    if (!this.#limits.has(nodeId)) return refuse("NOT_FOUND", "there is no such node");
    this.#limits.set(nodeId, limit);
    this.#settle();
    return accept(undefined);
  }

  ended(id: string, durationMs?: number): boolean {
    const task = this.#tasks.find((other) => other.task.id === id && other.run !== null);
    if (!task?.run) return false;
    if (durationMs !== undefined) {
      const { cost, bandWeight, start } = task.run;
      const more = cost * (charged(durationMs) / charged(task.task.expectedMs) - 1);
      this.#charge(task, more, { bandWeight, start });
    }
    this.#forget(task);
    return true;
  }

  /** It waits again, and its nodes get back what they were charged; what else its start changed stays. */
  putBack(id: string): boolean {
    const task = this.#tasks.find((other) => other.task.id === id && other.run !== null);
    if (!task?.run) return false;
    this.#charge(task, -task.run.cost, task.run);
    task.run = null;
    this.#settle();
    return true;
  }

  next(nowMs: number) {
    const passed = this.#passed;
    if (passed?.wasPassed && this.#lastMs !== null) {
      passed.forMs += Math.min(10_000, Math.max(0, nowMs - this.#lastMs));
    }
    this.#lastMs = nowMs;
    const chosen = this.#choose();
    if (chosen === undefined) return undefined;
    if (this.#passed?.task === chosen) this.#passed = null;
    else if (this.#passed) {
      this.#passed.wasPassed = true;
      this.#passed.cost += this.#costOf(chosen);
    }
    this.#start(chosen);
    return { id: chosen.task.id, expectedMs: chosen.task.expectedMs };
  }

  #choose(): SlowTask | undefined {
    const eligible = this.#tasks.filter((task) => this.#opens(task).includes(root));
    if (this.#passed && !eligible.includes(this.#passed.task)) this.#passed = null;
    const free = this.#freeOf("server");
    const fits = ({ demand }: SlowTask) => demand.every((amount, i) => amount === 0 || amount <= at(free, i));
    if (!this.#isOver()) {
      const first = this.#first(eligible);
      if (first === undefined || fits(first)) return first;
      this.#passed ??= { task: first, wasPassed: false, forMs: 0, cost: 0, allowed: this.#costOf(first) };
    }
    if (!this.#passed || !this.#isOver()) return this.#first(eligible.filter(fits));
    const kept = this.#passed.task;
    if (fits(kept)) return kept;
    return this.#first(
      eligible.filter(({ demand }) =>
        demand.every((amount, i) => amount === 0 || amount <= at(free, i) - at(kept.demand, i)),
      ),
    );
  }

  /** The shares as far as which one of its tasks that wait may start, and that has room on the server. */
  fitting(): Set<string> {
    const keys = new Set<string>();
    const free = this.#freeOf("server");
    for (const task of this.#tasks) {
      if (!task.demand.every((amount, i) => amount === 0 || amount <= at(free, i))) continue;
      for (const key of this.#opens(task)) keys.add(key);
    }
    return keys;
  }

  #isOver(): boolean {
    if (this.#passed === null) return false;
    return this.#passed.forMs >= this.#patienceMs || this.#passed.cost >= this.#passed.allowed;
  }

  /** From the root down, the child with the smallest tag; in a leaf the smallest number. */
  #first(tasks: readonly SlowTask[]): SlowTask | undefined {
    let left = tasks;
    for (let level = 1; level <= 4; level++) {
      const keys = [...new Set(left.map((task) => task.keys[level] as string))];
      keys.sort((a, b) => this.#share(a).tag - this.#share(b).tag || (rank(a) < rank(b) ? -1 : 1));
      left = left.filter((task) => task.keys[level] === keys[0]);
    }
    return left.toSorted((a, b) => a.task.seq - b.task.seq)[0];
  }

  #costOf({ task, demand }: SlowTask): number {
    const limit = this.#limitOf("server");
    const share = Math.max(0.001, ...demand.map((amount, i) => (amount > 0 ? amount / at(limit, i) : 0)));
    return Math.min(share, 1) * charged(task.expectedMs);
  }

  #start(task: SlowTask): void {
    const bandKey = task.keys[1] as string;
    const rule = standardBands.find(({ name }) => name === task.band);
    const inBand = this.#tasks.filter(({ keys }) => keys[1] === bandKey);
    const active = inBand.filter((other) => other.run !== null || this.#opens(other).includes(other.keys[2] as string));
    const orgs = new Set(active.map(({ keys }) => keys[2]));
    const bandWeight = (rule?.weight ?? 1) * (orgs.size > 1 ? 1 : (rule?.loneOrgPart ?? 1));
    const cost = this.#costOf(task);
    const keys = task.keys;
    for (const [level, key] of keys.entries()) {
      if (level === 0) continue;
      const above = this.#share(keys[level - 1] as string);
      above.virtual = Math.max(above.virtual, this.#share(key).tag);
    }
    const start = ++this.#starts;
    this.#charge(task, cost, { bandWeight, start });
    task.run = { cost, bandWeight, start };
    this.#settle();
  }

  #charge(task: SlowTask, cost: number, run: { readonly bandWeight: number; readonly start: number }): void {
    for (const [level, key] of task.keys.entries()) {
      if (level === 0) continue;
      const weight = level === 1 ? run.bandWeight : (this.#weights.get(key.split(">").at(-1) ?? "") ?? 1);
      const share = this.#share(key);
      let amount = steps(cost / weight);
      if (amount < 0 && run.start <= share.openedAt) {
        amount = Math.max(amount, -share.refundable);
        share.refundable += amount;
      }
      share.tag += amount;
    }
  }

  #forget(gone: SlowTask): void {
    this.#tasks = this.#tasks.filter((task) => task !== gone);
    this.#settle();
    for (const task of this.#tasks) task.after.delete(gone.task.id);
    this.#settle();
  }

  /** The shares, from its leaf upwards, as far as which a task may start. */
  #opens(task: SlowTask): string[] {
    if (task.run || task.isSuspended || task.after.size > 0) return [];
    if (task.task.isOrdered && this.#isBehindAnother(task)) return [];
    const keys: string[] = [];
    for (const key of task.keys.toReversed()) {
      const node = key === root ? "server" : key.slice(key.lastIndexOf(">") + 1);
      const room = key === root ? [...this.#limitOf(node)] : this.#limits.has(node) ? this.#freeOf(node) : [];
      if (!room.every((free, i) => at(task.demand, i) === 0 || at(task.demand, i) <= free)) break;
      keys.push(key);
    }
    return keys;
  }

  #isBehindAnother({ task }: SlowTask): boolean {
    return this.#tasks.some(
      (other) =>
        other.task.isOrdered && other.task.nodeId === task.nodeId && (other.run !== null || other.task.seq < task.seq),
    );
  }

  /** Who comes back from idleness, or from a limit, starts at the virtual time; a node that nobody uses ends its period. */
  #settle(): void {
    this.#free.clear();
    const busy = new Set<string>();
    const open = new Set<string>();
    for (const task of this.#tasks) {
      for (const key of task.keys) busy.add(key);
      for (const key of this.#opens(task)) open.add(key);
    }
    for (const key of busy) this.#share(key);
    for (const [key, share] of this.shares) {
      if (key === root) continue;
      const isOpen = open.has(key);
      if (isOpen && !share.isOpen) {
        const { virtual } = this.#share(parentOf(key));
        if (this.#tasks.some(({ run, keys }) => run !== null && keys.includes(key))) {
          share.openedAt = this.#starts;
          share.refundable = Math.max(0, share.tag - virtual);
        }
        share.tag = Math.max(share.tag, virtual);
      }
      share.isOpen = isOpen;
    }
    for (const [key, share] of this.shares) {
      const isBusy = busy.has(key);
      if (share.isBusy && !isBusy) {
        for (const [child, { tag }] of this.shares) {
          if (child !== root && parentOf(child) === key) share.virtual = Math.max(share.virtual, tag);
        }
      }
      share.isBusy = isBusy;
    }
  }

  #share(key: string): Share {
    let share = this.shares.get(key);
    if (share === undefined) {
      const tag = key === root ? 0 : this.#share(parentOf(key)).virtual;
      share = { tag, virtual: 0, openedAt: 0, refundable: 0, isOpen: false, isBusy: false };
      this.shares.set(key, share);
    }
    return share;
  }

  #limitOf(node: string): Vector {
    return this.#limits.get(node) as Vector;
  }

  #freeOf(node: string): number[] {
    const known = this.#free.get(node);
    if (known) return known;
    const free = [...this.#limitOf(node)].map((limit, i) => limit - this.#heldAt(node, i));
    this.#free.set(node, free);
    return free;
  }

  #heldAt(node: string, i: number): number {
    const holding = this.#tasks.filter(({ run, nodes }) => run !== null && nodes.includes(node));
    return holding.reduce((sum, { demand }) => sum + at(demand, i), 0);
  }

  #isImpossible(demand: Vector, nodes: readonly string[]): boolean {
    return nodes.some((node) => demand.some((amount, i) => amount > at(this.#limitOf(node), i)));
  }

  /** A node and all above it. */
  #nodesOf(nodeId: string): string[] {
    const above = this.#parents.get(nodeId);
    return above === undefined ? [nodeId] : [nodeId, ...this.#nodesOf(above)];
  }

  /** A node and all below it begin anew when something comes. */
  #forgetShares(nodeId: string): void {
    for (const key of this.shares.keys()) if (key.split(">").includes(nodeId)) this.shares.delete(key);
  }

  #waiting(id: string): SlowTask | undefined {
    return this.#tasks.find((other) => other.task.id === id && other.run === null);
  }
}

/** What the real one has in its tags: whole steps of a 2^20th millisecond. */
function steps(amount: number): number {
  const rounded = Math.round(amount * 2 ** 20);
  return (amount > 0 ? Math.max(rounded, 1) : rounded) / 2 ** 20;
}

function charged(ms: number): number {
  return Math.min(Math.max(ms, 1), 366 * 24 * 3600 * 1000);
}

/** The shares on the way to the last of `nodes`, which stand from below upwards and end with the server. */
function keysOf(band: Band, nodes: readonly string[]): string[] {
  const ids: string[] = [band, ...nodes.slice(0, -1).toReversed()];
  while (ids.length < 4) ids.push(`${ids.at(-1)}/`);
  return [root, ...ids.map((_, n) => `>${ids.slice(0, n + 1).join(">")}`)];
}

function parentOf(key: string): string {
  return key.slice(0, key.lastIndexOf(">"));
}

function rank(key: string): string {
  const id = key.slice(key.lastIndexOf(">") + 1);
  const band = bandNames.indexOf(id as Band);
  return parentOf(key) === root ? String(band) : id;
}

function at(vector: Vector | readonly number[], i: number): number {
  return vector[i] as number;
}
