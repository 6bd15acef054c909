import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findOverallocation, givenToChildren, type AllocationNode } from "./allocation.ts";
import { noLimit } from "./amounts.ts";

const node = (id: string, parentId: string | null, limit: number[], isOvercommitted = false): AllocationNode => ({
  id,
  parentId,
  limit: Float64Array.from(limit),
  isOvercommitted,
});

const tree = (org: number[], ws: number[], projects: number[][], overcommitted: string[] = []) => [
  node("org", null, org, overcommitted.includes("org")),
  node("ws", "org", ws, overcommitted.includes("ws")),
  ...projects.map((limit, n) => node(`prj${n}`, "ws", limit)),
];

describe("what children are given", () => {
  it("is the sum of their limits, whatever the order of the nodes", () => {
    const nodes = tree(
      [9, 9],
      [5, noLimit],
      [
        [1, 2],
        [3, 4],
      ],
    );
    for (const order of [nodes, nodes.toReversed()]) {
      const given = givenToChildren(order);
      expect([...(given.get("ws") ?? [])]).toEqual([4, 6]);
      expect([...(given.get("org") ?? [])]).toEqual([5, 6]);
      expect([...(given.get("prj0") ?? [])]).toEqual([0, 0]);
    }
    expect(givenToChildren([]).size).toBe(0);
  });

  it("is not asked of a parent that is not among the nodes", () => {
    expect([...(givenToChildren([node("ws", "elsewhere", [1])]).get("ws") ?? [])]).toEqual([0]);
  });

  it("cannot be said of what is no tree", () => {
    expect(() => givenToChildren([node("a", "b", [1]), node("b", "a", [1])])).toThrow("below itself");
  });
});

describe("who gives more than it has", () => {
  it("is nobody as long as the sum is not above the limit", () => {
    const nodes = tree(
      [5, 9],
      [4, 9],
      [
        [1, 9],
        [3, noLimit],
      ],
    );
    for (const { id } of nodes) expect(findOverallocation(nodes, id)).toBeUndefined();
  });

  it("is found from the node upwards, the lowest first", () => {
    const nodes = tree([5, 1], [6, 2], [[7, 3]]);
    expect(findOverallocation(nodes, "prj0")).toEqual({ nodeId: "ws", resource: 0, given: 7, limit: 6 });
    expect(findOverallocation(nodes, "ws")).toEqual({ nodeId: "ws", resource: 0, given: 7, limit: 6 });
    expect(findOverallocation(nodes, "org")).toEqual({ nodeId: "org", resource: 0, given: 6, limit: 5 });
    expect(findOverallocation(nodes, "nobody")).toBeUndefined();
  });

  it("is found also through a node without a limit", () => {
    const nodes = tree([5], [noLimit], [[3], [3]]);
    expect(findOverallocation(nodes, "prj1")).toEqual({ nodeId: "org", resource: 0, given: 6, limit: 5 });
  });

  it("is nobody who is overcommitted, and still those above", () => {
    expect(findOverallocation(tree([5], [4], [[9]], ["ws"]), "prj0")).toBeUndefined();
    expect(findOverallocation(tree([3], [4], [[9]], ["ws"]), "prj0")).toMatchObject({ nodeId: "org", given: 4 });
    expect(findOverallocation(tree([3], [4], [[9]], ["ws", "org"]), "prj0")).toBeUndefined();
  });

  it("is never anybody while each change is refused that would make one", () => {
    const limit = fc.constantFrom(0, 1, 2, 3, 5, 8, noLimit);
    const change = fc.record({ nth: fc.nat(6), limit, isOvercommitted: fc.boolean() });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 40 }), (changes) => {
        const parents = [null, "n0", "n0", "n1", "n1", "n2", "n2"];
        let nodes = parents.map((parentId, n) => node(`n${n}`, parentId, [noLimit]));
        for (const { nth, limit: amount, isOvercommitted } of changes) {
          const id = `n${nth}`;
          const changed = nodes.map((each) =>
            each.id === id ? { ...each, limit: Float64Array.of(amount), isOvercommitted } : each,
          );
          if (!findOverallocation(changed, id)) nodes = changed;
          for (const each of nodes) expect(findOverallocation(nodes, each.id)).toBeUndefined();
        }
      }),
    );
  });
});
