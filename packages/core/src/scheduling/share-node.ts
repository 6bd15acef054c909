import type { QuotaNode } from "../quota/quota-tree.ts";
import { bandNames, type Band } from "./bands.ts";
import type { Lane } from "./lanes.ts";
import { ShareChildren } from "./share-children.ts";
import type { Task } from "./task.ts";
import type { TaskQueue } from "./task-queue.ts";

/** What the nodes of all bands for one project, or one workspace or org, have in common. */
export class Peers {
  nodes: readonly ShareNode[] = [];
  /** Lanes of these nodes that a limit keeps closed. */
  parked = 0;
  /** Of a project: the tasks that run one after the other, and the one that does. */
  ordered: TaskQueue | null = null;
  orderedRun: Task | null = null;
}

/** What the nodes of a tree have in common: how many tasks were started, and which nodes' stored rows are out of date. */
export class ShareBook {
  starts = 0;
  nodes: ShareNode[] = [];
  readonly #isStored: boolean;

  constructor(isStored: boolean) {
    this.#isStored = isStored;
  }

  add(node: ShareNode): void {
    if (node.isChanged || !this.#isStored) return;
    node.isChanged = true;
    this.nodes.push(node);
  }

  take(): ShareNode[] {
    const { nodes } = this;
    for (const node of nodes) node.isChanged = false;
    this.nodes = [];
    return nodes;
  }
}

interface Refundable {
  /** How many tasks had been started when the node opened. */
  readonly openedAt: number;
  /** How far its tag was ahead then, less what was given back since. */
  amount: number;
}

/**
 * A node of the tree of shares: the server, a band, an org in a band, a workspace, a project. Siblings share what their
 * parent gets by weight.
 */
export class ShareNode {
  readonly id: string;
  readonly parent: ShareNode | null;
  /** Whose limits count here. The node of a band has none of its own. */
  readonly quota: QuotaNode | null;
  /** The band it is in. The server is in none. */
  readonly band: Band;
  /** Of a leaf: what its tasks count against, with all above it. Else `quota`, or that of the server. */
  readonly holder: QuotaNode;
  weight: number;
  /** The start tag of what it starts next: what it was charged so far, by weight. Siblings with smaller tags go first. */
  tag = 0;
  /** The largest tag that a child had when it was served. Who comes back from idleness starts here. */
  virtual = 0;
  /** The first of its lanes, one for each demand that waits here or below; each knows the next. */
  lane: Lane | null = null;
  /** Lanes that are open, and tasks that run here or below: with either it is active. */
  openLanes = 0;
  running = 0;
  readonly children: ShareChildren | null;
  /** Children in which something waits or runs. */
  busyChildren = 0;
  isBusy = false;
  /** Children in which something runs, or could as far as they are concerned. */
  activeChildren = 0;
  /** Whether it is among the nodes that may be forgotten soon. */
  isListed = false;
  readonly peers: Peers;
  /** Whether its stored row is out of date. */
  isChanged = false;
  readonly book: ShareBook;
  /** What runs from before it opened last may give back. `null`: all that they were charged too much. */
  refundable: Refundable | null = null;

  constructor(
    { id, parent, quota, band, holder }: Pick<ShareNode, "id" | "parent" | "quota" | "band" | "holder">,
    { weight, isLeaf, peers, book }: Pick<ShareNode, "weight" | "isLeaf" | "peers" | "book">,
  ) {
    this.id = id;
    this.peers = peers;
    this.parent = parent;
    this.quota = quota;
    this.band = band;
    this.holder = holder;
    this.weight = weight;
    this.book = book;
    this.children = isLeaf ? null : new ShareChildren();
    this.tag = parent === null ? 0 : parent.virtual;
  }

  get isLeaf(): boolean {
    return this.children === null;
  }

  /** What decides between siblings with the same tag. */
  get rank(): string {
    return this.parent?.parent === null ? String(bandNames.indexOf(this.band)) : this.id;
  }

  /** Whether something runs here or below, or could as far as this node and those below are concerned. */
  get isActive(): boolean {
    return this.openLanes > 0 || this.running > 0;
  }

  countOpenLanes(change: 1 | -1): void {
    this.openLanes += change;
    if (this.running === 0) this.#noteActive(this.openLanes, change);
  }

  countRunning(change: 1 | -1): void {
    this.running += change;
    if (this.openLanes === 0) this.#noteActive(this.running, change);
  }

  /** The parent counts who became active with the first of its lanes or runs, or ceased with the last. */
  #noteActive(count: number, change: 1 | -1): void {
    if (count === (change === 1 ? 1 : 0) && this.parent !== null) this.parent.activeChildren += change;
  }

  setTag(tag: number): void {
    this.tag = tag;
    this.book.add(this);
  }

  setVirtual(virtual: number): void {
    this.virtual = virtual;
    this.book.add(this);
  }

  /** Work comes, or a limit leaves room again. The time without earns no credit. */
  open(virtual: number): void {
    if (this.running > 0) {
      this.refundable = { openedAt: this.book.starts, amount: Math.max(0, this.tag - virtual) };
      this.book.add(this);
    }
    if (this.tag < virtual) this.setTag(virtual);
  }

  /** Gives back what run number `start` was charged too much, as far as that does not become credit for idle time. */
  refund(amount: number, start: number): void {
    const { refundable } = this;
    if (refundable === null || start > refundable.openedAt) {
      this.setTag(this.tag - amount);
      return;
    }
    const counted = Math.min(amount, refundable.amount);
    refundable.amount -= counted;
    this.setTag(this.tag - counted);
  }
}
