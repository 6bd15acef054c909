import type { QuotaNode, QuotaTree } from "../quota/quota-tree.ts";
import type { Band, BandRule } from "./bands.ts";
import { rebuild, reorder } from "./lanes.ts";
import type { ShareRow, TaskRun } from "./scheduler.ts";
import { Peers, ShareBook, ShareNode } from "./share-node.ts";

/** So many nodes without work are kept without asking whether they need be: they will be back soon. */
const fewIdle = 64;
/** And besides one for so many that there are. */
const nodesForOneIdle = 8;
const fewChildren = 8;
const noNodes: readonly ShareNode[] = [];

/** Tags are whole numbers of such parts of a millisecond. */
const stepsPerMs = 2 ** 20;

interface ShareTreeOptions {
  readonly quotas: QuotaTree;
  readonly depth: number;
  readonly bands: readonly BandRule[];
  readonly isStored: boolean;
}

/**
 * The tree of shares: which nodes there are and how far each has been served. A node exists while something waits or runs
 * in it, and until its siblings have caught up with what it was charged.
 */
export class ShareTree {
  readonly root: ShareNode;
  readonly #quotas: QuotaTree;
  readonly #depth: number;
  readonly #bands: readonly BandRule[];
  readonly #peers = new Map<string, Peers>();
  readonly #weights = new Map<string, number>();
  readonly #isStored: boolean;
  readonly #book: ShareBook;
  #gone: (readonly string[])[] = [];
  /** Nodes that were seen without work, and how many there may be before they are looked through. */
  #idle: ShareNode[] = [];
  #sweepAt = fewIdle;
  #nodes = 0;

  constructor(server: QuotaNode, { quotas, depth, bands, isStored }: ShareTreeOptions) {
    this.#quotas = quotas;
    this.#depth = depth;
    this.#isStored = isStored;
    this.#book = new ShareBook(isStored);
    this.#bands = bands;
    const shape = { weight: 1, isLeaf: false, peers: new Peers(), book: this.#book };
    const band = bands[0]?.name ?? "normal";
    this.root = new ShareNode({ id: server.id, parent: null, quota: server, band, holder: server }, shape);
  }

  /** The nodes of all bands for one node of the quota tree. */
  nodesOf(quotaId: string): readonly ShareNode[] {
    return this.#peers.get(quotaId)?.nodes ?? noNodes;
  }

  /** The leaf of a band for the tasks of one node of the quota tree; its nodes are made where there are none. */
  leafOf(band: Band, quota: QuotaNode): ShareNode {
    return this.findLeaf(band, quota.id) ?? this.#makeLeaf(band, quota);
  }

  findLeaf(band: Band, quotaId: string): ShareNode | undefined {
    for (const peer of this.nodesOf(quotaId)) {
      if (peer.band !== band) continue;
      let node: ShareNode | undefined = peer;
      while (node !== undefined && !node.isLeaf) node = node.children?.get(ownId(node.id));
      return node;
    }
    return undefined;
  }

  setWeight(quotaId: string, weight: number): void {
    this.#weights.set(quotaId, weight);
    for (const node of this.nodesOf(quotaId)) node.weight = weight;
  }

  weights(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#weights);
  }

  /** Something waits or runs in a leaf from now on. */
  occupy(leaf: ShareNode): void {
    for (let node = leaf; node.parent !== null && !node.isBusy; node = node.parent) {
      node.isBusy = true;
      node.parent.busyChildren++;
    }
  }

  /** Nothing may wait or run in a leaf any more. Nodes that need no memory are forgotten, many at a time. */
  settle(leaf: ShareNode): void {
    for (let node = leaf; node.parent !== null && node.isBusy; node = node.parent) {
      if (node.lane !== null || node.running > 0 || node.busyChildren > 0) break;
      const { parent } = node;
      node.isBusy = false;
      parent.busyChildren--;
      this.#list(node);
      if (parent.busyChildren === 0) this.#endBusyPeriod(parent);
    }
    if (this.#idle.length >= this.#sweepAt || (this.root.busyChildren === 0 && this.#idle.length > fewIdle))
      this.#sweep();
  }

  /** Forgets the nodes of all bands for one node of the quota tree, in which nothing waits or runs. */
  forgetNode(quotaId: string): void {
    for (const node of this.nodesOf(quotaId)) {
      node.parent?.children?.delete(node);
      this.#forget(node);
    }
  }

  /**
   * The weight of the band above a leaf now. Only orgs that run something there, or could, count: one whose tasks are set
   * aside or held back by a limit makes no other one less alone.
   */
  bandWeight(leaf: ShareNode): number {
    let node = leaf;
    while (node.parent !== null && node.parent !== this.root) node = node.parent;
    if (node.activeChildren > 1) return node.weight;
    return node.weight * (this.#bands.find(({ name }) => name === node.band)?.loneOrgPart ?? 1);
  }

  /** A running task will come to a leaf from elsewhere. Where nothing runs or could, the time without earns no credit. */
  endIdleness(leaf: ShareNode): void {
    for (let node = leaf; node.parent !== null; node = node.parent) {
      if (!node.isActive && node.tag < node.parent.virtual) node.setTag(node.parent.virtual);
    }
  }

  /** Charges a leaf and all above it for a task that starts. */
  charge(leaf: ShareNode, cost: number, bandWeight: number): void {
    for (let node = leaf; node.parent !== null; node = node.parent) {
      const { parent, tag } = node;
      this.#addToTag(node, cost / (parent === this.root ? bandWeight : node.weight));
      if (tag > parent.virtual) parent.setVirtual(tag);
    }
  }

  /** Corrects what {@link charge} did by the part that a task took more or less. */
  correct(leaf: ShareNode, cost: number, { bandWeight, start }: Pick<TaskRun, "bandWeight" | "start">): void {
    for (let node = leaf; node.parent !== null; node = node.parent) {
      const amount = inSteps(cost / (node.parent === this.root ? bandWeight : node.weight));
      if (amount < 0) node.refund(-amount, start);
      else node.setTag(node.tag + amount);
      reorder(node);
    }
  }

  /** A task starts to run in a leaf. Returns the number of its start. */
  countStart(leaf: ShareNode): number {
    countRunning(leaf, 1);
    return ++this.#book.starts;
  }

  countEnd(leaf: ShareNode): void {
    countRunning(leaf, -1);
  }

  /** Counts a task as running that was started before. */
  restoreStart(leaf: ShareNode, start: number): void {
    countRunning(leaf, 1);
    this.#book.starts = Math.max(this.#book.starts, start);
  }

  rows(): ShareRow[] {
    const rows: ShareRow[] = [];
    const visit = (node: ShareNode) => {
      rows.push(rowOf(node));
      for (const child of node.children ?? []) visit(child);
    };
    visit(this.root);
    return rows;
  }

  /** The rows that changed since the last call, and the paths of nodes that are gone. */
  takeChanges(): { readonly changed: ShareRow[]; readonly gone: (readonly string[])[] } {
    const nodes = this.#book.take();
    const changed = nodes.filter((node) => node === this.root || node.parent?.children?.get(node.id) === node);
    const gone = this.#gone.filter((path) => this.#find(path) === undefined);
    this.#gone = [];
    return { changed: changed.map(rowOf), gone };
  }

  /**
   * Sets tags as rows say. `placeTasks` puts the tasks back, which opens nodes as if work had just come; so the tags are set
   * again after it. Nodes whose quota is gone or has moved do not come back.
   */
  restore(rows: readonly ShareRow[], placeTasks: () => void): void {
    const placed = rows.filter(({ path }) => this.#isPlaced(path));
    const set = () => {
      for (const { path, tag, virtual, openedAt, refundable } of placed) {
        const node = this.#nodeAt(path);
        if (node === undefined) continue;
        Object.assign(node, { tag, virtual, refundable: openedAt > 0 ? { openedAt, amount: refundable } : null });
        this.#book.starts = Math.max(this.#book.starts, openedAt);
      }
    };
    set();
    placeTasks();
    set();
    const visit = (node: ShareNode) => {
      rebuild(node);
      for (const child of node.children ?? []) visit(child);
    };
    visit(this.root);
    this.takeChanges();
  }

  #makeLeaf(band: Band, quota: QuotaNode): ShareNode {
    const ids: string[] = [];
    for (let node: QuotaNode | null = quota; node !== null && node.id !== this.root.id; node = node.parent) {
      ids.unshift(node.id);
    }
    // What belongs to a workspace or an org itself stands beside its projects or workspaces.
    while (ids.length < this.#depth) ids.push(ownId(ids.at(-1) ?? ""));
    const leaf = this.#nodeAt([band, ...ids]);
    if (leaf === undefined)
      throw new Error(`the quota tree is deeper than ${this.#depth} below the server at ${quota.id}`);
    return leaf;
  }

  /** Whether each node of a path is still below the one before it. */
  #isPlaced([, ...ids]: readonly string[]): boolean {
    return ids.every((id, i) => {
      const quota = this.#quotas.find(id);
      return quota === undefined || quota.parent?.id === (ids[i - 1] ?? this.root.id);
    });
  }

  #nodeAt(path: readonly string[]): ShareNode | undefined {
    if (path.length > this.#depth + 1) return undefined;
    let node = this.root;
    for (const [level, id] of path.entries()) {
      const child = node.children?.get(id) ?? this.#makeChild(node, id, level);
      if (child === undefined) return undefined;
      node = child;
    }
    return node;
  }

  #makeChild(parent: ShareNode, id: string, level: number): ShareNode | undefined {
    const isBand = level === 0;
    const quota = isBand ? null : (this.#quotas.find(id) ?? null);
    const band = isBand ? this.#bands.find(({ name }) => name === id) : undefined;
    if (isBand ? band === undefined : quota === null && !id.endsWith("/")) return undefined;
    const peersKey = isBand ? `/${id}` : id;
    let peers = this.#peers.get(peersKey);
    if (peers === undefined) this.#peers.set(peersKey, (peers = new Peers()));
    const weight = (isBand ? band?.weight : this.#weights.get(id)) ?? 1;
    const holder = quota ?? parent.holder;
    const node = new ShareNode(
      { id, parent, quota, band: band?.name ?? parent.band, holder },
      { weight, isLeaf: level === this.#depth, peers, book: this.#book },
    );
    peers.nodes = [...peers.nodes, node];
    parent.children?.add(node);
    this.#nodes++;
    this.#list(node);
    this.#book.add(node);
    return node;
  }

  #addToTag(node: ShareNode, amount: number): void {
    node.setTag(node.tag + inSteps(amount));
    reorder(node);
  }

  /** With nothing left to do below, all start anew from the largest tag: nobody is owed anything. */
  #endBusyPeriod(parent: ShareNode): void {
    const { children } = parent;
    if (children === null) return;
    for (const child of children) if (child.tag > parent.virtual) parent.setVirtual(child.tag);
    if (children.size <= fewChildren) return;
    for (const child of children) this.#forget(child);
    children.clear();
  }

  #list(node: ShareNode): void {
    if (node.isListed) return;
    node.isListed = true;
    this.#idle.push(node);
  }

  /**
   * Forgets idle nodes that would come back just as if they were new. One that was charged more than its siblings stays
   * until they have caught up.
   */
  #sweep(): void {
    this.#idle = this.#idle.filter((node) => {
      const { parent } = node;
      const isThere = parent?.children?.get(node.id) === node;
      node.isListed = isThere && !node.isBusy;
      if (!node.isListed || parent === null || node.tag > parent.virtual) return node.isListed;
      this.#forget(node);
      parent.children?.delete(node);
      return false;
    });
    this.#sweepAt = fewIdle + 2 * this.#idle.length + this.#nodes / nodesForOneIdle;
  }

  #forget(node: ShareNode): void {
    this.#nodes--;
    for (const child of node.children ?? []) this.#forget(child);
    node.children?.clear();
    const { peers } = node;
    peers.nodes = peers.nodes.filter((other) => other !== node);
    const key = node.parent === this.root ? `/${node.id}` : node.id;
    if (peers.nodes.length === 0 && !peers.ordered?.length) this.#peers.delete(key);
    if (this.#isStored) this.#gone.push(pathOf(node));
  }

  #find(path: readonly string[]): ShareNode | undefined {
    let node: ShareNode | undefined = this.root;
    for (const id of path) node = node?.children?.get(id);
    return node;
  }
}

/** Sums of whole steps are exact, so whether a node was forgotten in between makes no difference to whose turn it is. */
function inSteps(amount: number): number {
  const steps = Math.round(amount * stepsPerMs);
  return (steps === 0 && amount > 0 ? 1 : steps) / stepsPerMs;
}

/** The node beside its projects or workspaces in which a workspace or an org has its own tasks. */
function ownId(id: string): string {
  return `${id}/`;
}

function countRunning(leaf: ShareNode, change: 1 | -1): void {
  for (let node: ShareNode | null = leaf; node !== null; node = node.parent) node.countRunning(change);
}

/** The way to a node from its band; of the root, none. */
function pathOf(node: ShareNode): string[] {
  const path: string[] = [];
  for (let up = node; up.parent !== null; up = up.parent) path.unshift(up.id);
  return path;
}

function rowOf(node: ShareNode): ShareRow {
  const { tag, virtual, refundable } = node;
  return {
    path: pathOf(node),
    tag,
    virtual,
    openedAt: refundable?.openedAt ?? 0,
    refundable: refundable?.amount ?? 0,
  };
}
