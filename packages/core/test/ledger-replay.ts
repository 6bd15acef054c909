import { expect } from "vitest";

interface Rule {
  readonly parentId: string | null;
  readonly limit: readonly unknown[];
}

type Change = { readonly seq: number; readonly nodeId: string } & (
  | { readonly reservationId: string; readonly before: readonly number[]; readonly after: readonly number[] }
  | { readonly reservationId?: undefined; readonly before: Rule | null; readonly after: Rule | null }
);

interface Replayed extends Rule {
  readonly id: string;
  held: readonly number[];
}

/**
 * Makes the nodes from nothing but the record, and sees that it has no hole, that each `before` is what was there, and that no
 * reservation made any ancestor hold more than its limit.
 */
export function replay(changes: readonly Change[]): unknown[] {
  const nodes = new Map<string, Replayed>();
  const add = (leafId: string | null, gained: readonly number[], isWithinLimits = false) => {
    const node = leafId === null ? undefined : nodes.get(leafId);
    if (!node) return;
    node.held = node.held.map((amount, i) => amount + (gained[i] ?? 0));
    const isOver = node.held.some((amount, i) => (gained[i] ?? 0) > 0 && amount > limitOf(node, i));
    if (isWithinLimits) expect(isOver).toBe(false);
    add(node.parentId, gained, isWithinLimits);
  };
  changes.forEach((change, n) => {
    expect(change.seq).toBe(n + 1);
    const { nodeId, before, after } = change;
    const node = nodes.get(nodeId);
    if (change.reservationId !== undefined) {
      expect(node?.held).toEqual(before);
      add(
        nodeId,
        change.after.map((amount, i) => amount - (change.before[i] ?? 0)),
        true,
      );
      return;
    }
    expect(node ? { parentId: node.parentId, limit: node.limit } : null).toEqual(before);
    const held = node?.held ?? [0, 0, 0];
    if (node)
      add(
        node.parentId,
        held.map((amount) => -amount),
      );
    nodes.delete(nodeId);
    if (change.after === null) return;
    nodes.set(nodeId, { id: nodeId, ...(after as Rule), held });
    add(change.after.parentId, held);
  });
  return [...nodes.values()]
    .map(({ id, parentId, limit, held }) => ({ id, parentId, limit, held }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

function limitOf({ limit }: Rule, resource: number): number {
  return limit[resource] === "none" ? Infinity : Number(limit[resource]);
}
