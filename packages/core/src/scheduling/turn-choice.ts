import type { Vector } from "../quota/amounts.ts";
import { shortAt, type QuotaNode } from "../quota/quota-tree.ts";
import type { Charges } from "./charges.ts";
import { isBefore } from "./lane-heap.ts";
import { headOf, isEligible } from "./lanes.ts";
import type { Patience } from "./patience.ts";
import type { ShareNode } from "./share-node.ts";
import type { Task } from "./task.ts";

const mayAll = () => true;

interface Choosing {
  readonly server: QuotaNode;
  readonly root: ShareNode;
  readonly patience: Patience;
  readonly charges: Charges;
}

/** Chooses whose turn it is: the order of shares, and what may pass a task that is too big for what is free. */
export class TurnChoice {
  readonly #server: QuotaNode;
  readonly #root: ShareNode;
  readonly #patience: Patience;
  readonly #charges: Charges;
  #searches = 0;

  constructor({ server, root, patience, charges }: Choosing) {
    this.#server = server;
    this.#root = root;
    this.#patience = patience;
    this.#charges = charges;
  }

  /** The task that starts now, or nothing. */
  choose(): Task | undefined {
    const patience = this.#patience;
    if (patience.task && !isEligible(patience.task)) patience.end();
    if (patience.task && !patience.isOver && !this.#canAnyStart()) return undefined;
    if (!patience.isOver) {
      const first = this.#search(mayAll);
      if (first === undefined || shortAt(this.#server, first.demand.vector) < 0) return first;
      if (!patience.task) patience.begin(first, this.#charges.costOf(first));
    }
    const kept = patience.isOver ? patience.task : null;
    if (kept === null) return this.#search((demand) => shortAt(this.#server, demand) < 0);
    if (shortAt(this.#server, kept.demand.vector) < 0) return kept;
    return this.#search((demand) => fitsBeside(this.#server, demand, kept.demand.vector));
  }

  /** Whether the server has room for any of what waits. */
  #canAnyStart(): boolean {
    for (let { lane } = this.#root; lane !== null; lane = lane.next) {
      if (lane.top !== null && shortAt(this.#server, lane.demand.vector) < 0) return true;
    }
    return false;
  }

  /** The first task by the order of shares among those whose demand is `allowed`. */
  #search(allowed: (demand: Vector) => boolean): Task | undefined {
    const search = ++this.#searches;
    let node = this.#root;
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
