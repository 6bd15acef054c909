import { noLimit, type Vector } from "./amounts.ts";

/** A node as allocation sees it. */
export interface AllocationNode {
  readonly id: string;
  readonly parentId: string | null;
  readonly limit: Vector;
  /** Its children may be given more in all than it has. */
  readonly isOvercommitted: boolean;
}

/** A node whose children are given more of a resource, in all, than it has. */
export interface Overallocation {
  readonly nodeId: string;
  /** The index of the resource. */
  readonly resource: number;
  readonly given: number;
  readonly limit: number;
}

/**
 * What the children of each node are given in all, by id. A child without a limit is given what its own children are: it takes
 * no more than its share of what is above it, and is promised nothing itself.
 *
 * @throws when the nodes are no tree
 */
export function givenToChildren(nodes: readonly AllocationNode[]): ReadonlyMap<string, Vector> {
  const width = nodes[0]?.limit.length ?? 0;
  const given = new Map(nodes.map(({ id }) => [id, new Float64Array(width)]));
  for (const { id, parentId, limit } of childrenFirst(nodes)) {
    const toParent = parentId === null ? undefined : given.get(parentId);
    const below = given.get(id);
    if (!toParent || !below) continue;
    for (let i = 0; i < width; i++) {
      const own = limit[i] as number;
      toParent[i] = (toParent[i] as number) + (own === noLimit ? (below[i] as number) : own);
    }
  }
  return given;
}

/**
 * Where a node or one of its ancestors gives more than it has, the lowest first; nothing where each either has enough, or no
 * limit, or is overcommitted.
 */
export function findOverallocation(nodes: readonly AllocationNode[], nodeId: string): Overallocation | undefined {
  const given = givenToChildren(nodes);
  const byId = new Map(nodes.map((node) => [node.id, node]));
  for (let node = byId.get(nodeId); node; node = byId.get(node.parentId ?? "")) {
    const { id, limit, isOvercommitted } = node;
    const sums = given.get(id) as Vector;
    const resource = isOvercommitted ? -1 : limit.findIndex((amount, i) => (sums[i] as number) > amount);
    if (resource >= 0) {
      return { nodeId: id, resource, given: sums[resource] as number, limit: limit[resource] as number };
    }
  }
  return undefined;
}

function childrenFirst(nodes: readonly AllocationNode[]): AllocationNode[] {
  const parents = new Map(nodes.map(({ id, parentId }) => [id, parentId]));
  const depthOf = (id: string): number => {
    let depth = 0;
    for (let each = parents.get(id) ?? null; each !== null; each = parents.get(each) ?? null) {
      if (++depth > nodes.length) throw new Error(`${id} is below itself`);
    }
    return depth;
  };
  const depths = new Map(nodes.map(({ id }) => [id, depthOf(id)]));
  return nodes.toSorted((a, b) => (depths.get(b.id) as number) - (depths.get(a.id) as number));
}
