import { accept, type Result } from "../errors/result.ts";
import { mostHeld, type Vector } from "./amounts.ts";
import {
  cycleAt,
  hasChildren,
  holdsSomething,
  knownNode,
  noRoomToMove,
  refuseLimit,
  unknownNode,
  unknownParent,
} from "./tree-refusals.ts";

/** A node of the tree of quotas: an org, a workspace, a project, or the server above them all. */
export interface QuotaNode {
  readonly id: string;
  readonly parent: QuotaNode | null;
  readonly limit: Vector;
  /** What is held here and below. */
  readonly held: Vector;
  readonly children: number;
}

/** The first place, from a leaf upwards, where a demand does not fit, and the index of the resource that is short. */
export interface Shortage {
  readonly node: QuotaNode;
  readonly resource: number;
}

/** The resource of which `demand` is more than this node has left, or -1. What asks for nothing of a resource fits. */
export function shortAt(node: QuotaNode, demand: Vector): number {
  const { held, limit } = node;
  for (let i = 0; i < demand.length; i++) {
    const amount = demand[i] as number;
    const total = (held[i] as number) + amount;
    if (amount > 0 && (total > (limit[i] as number) || total > mostHeld)) return i;
  }
  return -1;
}

/** Where `demand` does not fit now, or nothing. The lowest node is named first. */
export function findShortage(leaf: QuotaNode, demand: Vector): Shortage | undefined {
  for (let node: QuotaNode | null = leaf; node !== null; node = node.parent) {
    const resource = shortAt(node, demand);
    if (resource >= 0) return { node, resource };
  }
  return undefined;
}

/** The resource of which `demand` is more than the whole limit of this node, or -1. */
export function impossibleAt({ limit }: QuotaNode, demand: Vector): number {
  for (let i = 0; i < demand.length; i++) if ((demand[i] as number) > (limit[i] as number)) return i;
  return -1;
}

/** Where `demand` would not even fit if nothing were held, or nothing. */
export function findImpossible(leaf: QuotaNode, demand: Vector): Shortage | undefined {
  for (let node: QuotaNode | null = leaf; node !== null; node = node.parent) {
    const resource = impossibleAt(node, demand);
    if (resource >= 0) return { node, resource };
  }
  return undefined;
}

/** Holds `demand` at a node and each of its ancestors. Whether it fits is for the caller to ask first. */
export function hold(leaf: QuotaNode, demand: Vector): void {
  for (let node: QuotaNode | null = leaf; node !== null; node = node.parent) {
    const { held } = node;
    for (let i = 0; i < demand.length; i++) held[i] = (held[i] as number) + (demand[i] as number);
  }
}

/** Gives back at a node and each of its ancestors what {@link hold} took. */
export function release(leaf: QuotaNode, demand: Vector): void {
  for (let node: QuotaNode | null = leaf; node !== null; node = node.parent) {
    const { held } = node;
    for (let i = 0; i < demand.length; i++) held[i] = (held[i] as number) - (demand[i] as number);
  }
}

/** Whether a node is `above` or somewhere below it. */
export function isWithin(node: QuotaNode, above: QuotaNode): boolean {
  for (let up: QuotaNode | null = node; up !== null; up = up.parent) if (up === above) return true;
  return false;
}

type Entry = { -readonly [K in keyof QuotaNode]: K extends "parent" ? Entry | null : QuotaNode[K] };

/**
 * A tree of nodes with a limit and what is held for each resource. What is held at a node is what its own holders and all
 * of its children hold, at any time.
 */
export class QuotaTree {
  readonly #nodes = new Map<string, Entry>();
  /** How many resources it counts: as many as its first node has limits. */
  #resources: number | null = null;

  /**
   * Adds a node below `parentId`, or a root.
   *
   * @returns `CONFLICT` when the id is known, `NOT_FOUND` when the parent is not, `BAD_REQUEST` for a limit that is none or
   *   has not as many amounts as those of the other nodes
   */
  add(id: string, parentId: string | null, limit: Vector): Result<QuotaNode> {
    if (this.#nodes.has(id)) return knownNode(id);
    const parent = parentId === null ? null : this.#nodes.get(parentId);
    if (parent === undefined) return unknownParent(id, parentId);
    const refusal = refuseLimit(id, limit, this.#resources ?? limit.length);
    if (refusal) return refusal;
    this.#resources = limit.length;
    const node: Entry = { id, parent, limit: limit.slice(), held: new Float64Array(limit.length), children: 0 };
    this.#nodes.set(id, node);
    if (parent) parent.children++;
    return accept(node);
  }

  find(id: string): QuotaNode | undefined {
    return this.#nodes.get(id);
  }

  nodes(): Iterable<QuotaNode> {
    return this.#nodes.values();
  }

  /**
   * Sets a limit. Below what is held is legal: nothing is taken away, and no more fits.
   *
   * @returns `NOT_FOUND` for an unknown node, `BAD_REQUEST` as {@link add} does
   */
  setLimit(id: string, limit: Vector): Result<QuotaNode> {
    const node = this.#nodes.get(id);
    if (!node) return unknownNode(id);
    const refusal = refuseLimit(id, limit, node.limit.length);
    if (refusal) return refusal;
    node.limit.set(limit);
    return accept(node);
  }

  /**
   * Puts a node, with all below it, under another parent; what it holds moves along.
   *
   * @returns `BAD_REQUEST` when that would make a cycle, `QUOTA_EXCEEDED` when what it holds does not fit where it would
   *   be counted anew; nothing has changed then
   */
  move(id: string, parentId: string): Result<QuotaNode> {
    const node = this.#nodes.get(id);
    const parent = this.#nodes.get(parentId);
    if (!node || !parent) return unknownNode(node ? parentId : id);
    const before = new Set<QuotaNode>(ancestors(node));
    for (const ancestor of [parent, ...ancestors(parent)]) {
      if (ancestor === node) return cycleAt(id);
    }
    for (const ancestor of [parent, ...ancestors(parent)]) {
      if (!before.has(ancestor) && shortAt(ancestor, node.held) >= 0) {
        return noRoomToMove(id, ancestor.id);
      }
    }
    if (node.parent) {
      release(node.parent, node.held);
      node.parent.children--;
    }
    hold(parent, node.held);
    node.parent = parent;
    parent.children++;
    return accept(node);
  }

  /** Takes out a node. @returns `CONFLICT` while it has children or something is held in it */
  remove(id: string): Result<void> {
    const node = this.#nodes.get(id);
    if (!node) return unknownNode(id);
    if (node.children > 0) return hasChildren(id, node.children);
    if (node.held.some((amount) => amount > 0)) return holdsSomething(id);
    this.#nodes.delete(id);
    if (node.parent) node.parent.children--;
    return accept(undefined);
  }
}

function ancestors(node: Entry): Entry[] {
  const above: Entry[] = [];
  for (let up = node.parent; up !== null; up = up.parent) above.push(up);
  return above;
}
