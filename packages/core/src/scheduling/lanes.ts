import type { Vector } from "../quota/amounts.ts";
import { impossibleAt, shortAt } from "../quota/quota-tree.ts";
import type { DemandClass } from "./demand-class.ts";
import type { Peers, ShareNode } from "./share-node.ts";
import { LaneHeap } from "./lane-heap.ts";
import { isReady, type Task } from "./task.ts";
import { TaskQueue } from "./task-queue.ts";

/**
 * The tasks below one node that ask for the same. A lane is open when one of them could start as far as this node and
 * those below are concerned; the open lanes of its children stand in its heap, least tag first.
 */
export class Lane {
  readonly node: ShareNode;
  readonly demand: DemandClass;
  readonly up: Lane | null;
  /** Another lane of the same node. */
  next: Lane | null = null;
  /** The first of the open lanes of its children, and all of them where there were two at once. */
  top: Lane | null = null;
  #heap: LaneHeap | null = null;
  /** Where it stands in the heap of `up`, or -1 while it is closed. */
  place = -1;
  /** Of a leaf the tasks that wait, whether they may start or not; else the lanes of its children. */
  users = 0;
  /** Closed because the limit of this node leaves no room for its demand. */
  isParked = false;
  /** The last search that may follow this lane. */
  search = 0;
  readonly queue: TaskQueue | null;

  constructor(node: ShareNode, demand: DemandClass, up: Lane | null) {
    this.node = node;
    this.demand = demand;
    this.up = up;
    this.queue = node.isLeaf ? new TaskQueue() : null;
  }

  /** The lane of a child opened. */
  add(child: Lane): void {
    if (this.#heap === null && this.top === null) {
      this.top = child;
      child.place = 0;
      return;
    }
    if (this.#heap === null) {
      this.#heap = new LaneHeap();
      this.#heap.push(this.top as Lane);
    }
    this.#heap.push(child);
    this.top = this.#heap.first();
  }

  /** The lane of a child closed. */
  take(child: Lane): void {
    this.#heap?.take(child);
    child.place = -1;
    this.top = this.#heap === null ? null : this.#heap.first();
  }

  /** The tag of the node of an open child changed. */
  reorder(child: Lane): void {
    if (this.#heap === null) return;
    this.#heap.reorder(child);
    this.top = this.#heap.first();
  }

  /** The tags of the nodes of its children were set. */
  rebuild(): void {
    if (this.#heap === null) return;
    this.#heap.rebuild();
    this.top = this.#heap.first();
  }
}

/** The first of the tasks of a project that run one after the other, if it may start. */
export function readyOrdered({ ordered, orderedRun }: Peers): Task | undefined {
  if (orderedRun !== null) return undefined;
  const first = ordered?.first();
  return first !== undefined && isReady(first) ? first : undefined;
}

/** The task that a lane of a leaf would start next. */
export function headOf(lane: Lane): Task | undefined {
  const parallel = lane.queue?.first();
  const ordered = readyOrdered(lane.node.peers);
  if (ordered === undefined || ordered.lane !== lane) return parallel;
  return parallel === undefined || ordered.seq < parallel.seq ? ordered : parallel;
}

/** Whether a task that waits could start as far as all below the server is concerned. */
export function isEligible(task: Task): boolean {
  if (!isReady(task) || task.lane === null) return false;
  if (task.isOrdered && readyOrdered(task.leaf.peers) !== task) return false;
  let lane: Lane = task.lane;
  for (; lane.up !== null; lane = lane.up) if (lane.place < 0) return false;
  return !lane.isParked;
}

/** Whether the demand of a lane fits now at its node and all above, the server apart, where it must only be possible. */
export function isUnparked(leafLane: Lane): boolean {
  for (let lane: Lane | null = leafLane; lane !== null; lane = lane.up) if (lane.isParked) return false;
  return true;
}

/** The lane of a demand at a node, with those above it. */
export function laneOf(node: ShareNode, demand: DemandClass): Lane {
  const known = findLane(node, demand);
  if (known !== undefined) return known;
  const lane = new Lane(node, demand, node.parent === null ? null : laneOf(node.parent, demand));
  if (lane.up !== null) lane.up.users++;
  setParked(lane, isFull(lane));
  lane.next = node.lane;
  node.lane = lane;
  return lane;
}

/** The lane of a demand at a node, if something of it waits there. */
export function findLane(node: ShareNode, demand: DemandClass): Lane | undefined {
  let lane = node.lane;
  while (lane !== null && lane.demand !== demand) lane = lane.next;
  return lane ?? undefined;
}

/** Takes out the lanes of a leaf and above in which nothing waits any more. */
export function dropEmptyLanes(leafLane: Lane): void {
  for (let lane: Lane | null = leafLane; lane !== null && lane.users === 0; lane = lane.up) {
    setParked(lane, false);
    if (lane.up !== null) lane.up.users--;
    unlink(lane);
  }
}

function unlink(lane: Lane): void {
  const { node } = lane;
  if (node.lane === lane) {
    node.lane = lane.next;
    return;
  }
  let before = node.lane;
  while (before !== null && before.next !== lane) before = before.next;
  if (before !== null) before.next = lane.next;
}

/** Of the server's own limits only those that a task can never meet close a lane: one that has to wait keeps its turn. */
function isFull({ node, demand }: Lane): boolean {
  const { quota } = node;
  if (quota === null) return false;
  return node.parent === null ? impossibleAt(quota, demand.vector) >= 0 : shortAt(quota, demand.vector) >= 0;
}

/** Opens and closes the lanes of a node after what is held there, or its limit, changed. */
export function reconsider(node: ShareNode): void {
  for (let { lane } = node; lane !== null; lane = lane.next) {
    const isParked = isFull(lane);
    if (isParked === lane.isParked) continue;
    setParked(lane, isParked);
    refresh(lane);
  }
}

/** Opens or closes a lane, and those above it, after something changed below or at it. */
export function refresh(changed: Lane): void {
  for (let lane = changed; lane.up !== null; lane = lane.up) {
    const isOpen = !lane.isParked && (lane.queue === null ? lane.top !== null : headOf(lane) !== undefined);
    if (isOpen === lane.place >= 0) return;
    const { node } = lane;
    if (isOpen) {
      if (node.openLanes === 0 && node.parent) node.open(node.parent.virtual);
      node.countOpenLanes(1);
      lane.up.add(lane);
    } else {
      node.countOpenLanes(-1);
      lane.up.take(lane);
    }
  }
}

/** Puts a node at its new place among its siblings after its tag changed. */
export function reorder(node: ShareNode): void {
  for (let { lane } = node; lane !== null; lane = lane.next) {
    if (lane.place >= 0) lane.up?.reorder(lane);
  }
}

/**
 * Closes lanes above a leaf, in all bands, after something more is held there.
 *
 * @param largest no demand asks for more than this of any resource
 */
export function reconsiderHeld(leaf: ShareNode, largest: Vector): void {
  for (let node: ShareNode | null = leaf; node !== null && node.parent !== null; node = node.parent) {
    if (node.quota !== null && shortAt(node.quota, largest) >= 0) for (const peer of node.peers.nodes) reconsider(peer);
  }
}

/** Opens lanes above a leaf, in all bands, after less is held there. */
export function reconsiderReleased(leaf: ShareNode): void {
  for (let node: ShareNode | null = leaf; node !== null && node.parent !== null; node = node.parent) {
    if (node.peers.parked > 0) for (const peer of node.peers.nodes) reconsider(peer);
  }
}

function setParked(lane: Lane, isParked: boolean): void {
  if (lane.isParked === isParked) return;
  lane.isParked = isParked;
  lane.node.peers.parked += isParked ? 1 : -1;
}

/** Opens or closes the lane of the task that is first in its order. */
export function refreshOrder({ ordered }: Peers): void {
  const first = ordered?.first();
  if (first?.lane) refresh(first.lane);
}

/** Puts the open lanes below a node into a heap again, after the tags of its children were set. */
export function rebuild(node: ShareNode): void {
  for (let { lane } = node; lane !== null; lane = lane.next) lane.rebuild();
}
