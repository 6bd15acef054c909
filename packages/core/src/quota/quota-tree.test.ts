import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mostHeld, noLimit, type Vector } from "./amounts.ts";
import { findImpossible, findShortage, hold, QuotaTree, release, shortAt, type QuotaNode } from "./quota-tree.ts";

const of = (...amounts: number[]): Vector => Float64Array.of(...amounts);
const free = of(noLimit, noLimit);

/** org → (ws → prj, other), with these limits. */
function grow(limits: { org?: Vector; ws?: Vector; prj?: Vector; other?: Vector } = {}) {
  const tree = new QuotaTree();
  const add = (id: string, parentId: string | null, limit: Vector = free): QuotaNode => {
    const added = tree.add(id, parentId, limit);
    if (!added.ok) throw new Error(added.error.message);
    return added.value;
  };
  const org = add("org", null, limits.org);
  const ws = add("ws", "org", limits.ws);
  return { tree, org, ws, prj: add("prj", "ws", limits.prj), other: add("other", "org", limits.other) };
}

const held = (...nodes: QuotaNode[]) => nodes.map((node) => [...node.held]);

describe("what fits", () => {
  it("is asked for each resource, up to the limit itself", () => {
    const { prj } = grow({ prj: of(4, 2) });
    hold(prj, of(3, 1));
    expect(shortAt(prj, of(1, 1))).toBe(-1);
    expect(shortAt(prj, of(2, 1))).toBe(0);
    expect(shortAt(prj, of(1, 2))).toBe(1);
    expect(shortAt(prj, of(2, 2))).toBe(0);
  });

  it("is what asks for nothing, also where too much is held", () => {
    const { tree, prj } = grow({ prj: of(4, 2) });
    hold(prj, of(4, 2));
    tree.setLimit("prj", of(1, 2));
    expect(shortAt(prj, of(0, 0))).toBe(-1);
    expect(shortAt(prj, of(1, 0))).toBe(0);
  });

  it("never ends where numbers are not exact any more", () => {
    const { prj } = grow();
    hold(prj, of(mostHeld - 1, 0));
    expect(shortAt(prj, of(1, 0))).toBe(-1);
    expect(shortAt(prj, of(2, 0))).toBe(0);
    expect(shortAt(prj, of(mostHeld, 0))).toBe(0);
  });

  it("is short at the lowest node that has too little, and at any ancestor", () => {
    const { prj, ws, org, other } = grow({ org: of(4, noLimit), ws: of(3, noLimit), prj: of(noLimit, 5) });
    expect(findShortage(prj, of(3, 5))).toBeUndefined();
    expect(findShortage(prj, of(4, 5))).toEqual({ node: ws, resource: 0 });
    expect(findShortage(prj, of(4, 6))).toEqual({ node: prj, resource: 1 });
    hold(other, of(2, 0));
    expect(findShortage(prj, of(3, 0))).toEqual({ node: org, resource: 0 });
  });

  it("is never possible above a limit, whatever is held", () => {
    const { prj, org } = grow({ org: of(4, 9), ws: of(6, 9) });
    hold(prj, of(4, 0));
    expect(findImpossible(prj, of(4, 9))).toBeUndefined();
    expect(findImpossible(prj, of(5, 0))).toEqual({ node: org, resource: 0 });
    expect(findImpossible(prj, of(7, 10))).toMatchObject({ node: { id: "ws" }, resource: 0 });
  });
});

describe("what is held", () => {
  it("is held at each ancestor, and given back there", () => {
    const { prj, ws, org, other } = grow();
    hold(prj, of(3, 1));
    hold(other, of(1, 1));
    expect(held(prj, ws, org, other)).toEqual([
      [3, 1],
      [3, 1],
      [4, 2],
      [1, 1],
    ]);
    release(prj, of(2, 1));
    expect(held(prj, ws, org, other)).toEqual([
      [1, 0],
      [1, 0],
      [2, 1],
      [1, 1],
    ]);
  });
});

describe("the tree", () => {
  it("finds its nodes and knows how many are below each", () => {
    const { tree, org, ws, prj } = grow();
    expect(tree.find("prj")).toBe(prj);
    expect(tree.find("nobody")).toBeUndefined();
    expect(prj.parent).toBe(ws);
    expect(org.parent).toBeNull();
    expect([org.children, ws.children, prj.children]).toEqual([2, 1, 0]);
  });

  it("refuses a known id and a parent that is not there, and keeps its own copy of a limit", () => {
    const { tree, org } = grow();
    expect(tree.add("ws", "org", free)).toMatchObject({
      error: { code: "CONFLICT", message: "ws is in the tree already" },
    });
    expect(tree.add("new", "nobody", free)).toMatchObject({
      error: { code: "NOT_FOUND", message: "new cannot be added below nobody: there is no such node" },
    });
    expect(org.children).toBe(2);
    const limit = of(1, 1);
    const added = tree.add("new", null, limit);
    limit[0] = 9;
    expect(added.ok && [...added.value.limit]).toEqual([1, 1]);
  });

  it("takes a limit below what is held, and says when there is no such node", () => {
    const { tree, prj } = grow({ prj: of(5, 5) });
    hold(prj, of(4, 4));
    expect(tree.setLimit("prj", of(1, 9))).toEqual({ ok: true, value: prj });
    expect([...prj.limit]).toEqual([1, 9]);
    expect(held(prj)).toEqual([[4, 4]]);
    expect(tree.setLimit("nobody", free)).toMatchObject({
      error: { code: "NOT_FOUND", message: "there is no node nobody" },
    });
  });

  it.each([-1, 0.5, Number.NaN, Number.NEGATIVE_INFINITY, 2 ** 53])(
    "refuses the limit %s, and changes nothing",
    (bad) => {
      const { tree, prj } = grow({ prj: of(5, 6) });
      const refusal = (id: string) => ({
        ok: false,
        error: {
          code: "BAD_REQUEST",
          message: `a limit of ${id} must be a whole number from 0 to 9007199254740991, or none, not ${bad}`,
        },
      });
      expect(tree.setLimit("prj", of(1, bad))).toEqual(refusal("prj"));
      expect(tree.add("new", "ws", of(bad, 1))).toEqual(refusal("new"));
      expect([...prj.limit]).toEqual([5, 6]);
      expect(tree.find("new")).toBeUndefined();
      expect(tree.find("ws")?.children).toBe(1);
      expect(tree.setLimit("prj", of(0, noLimit)).ok).toBe(true);
    },
  );

  it("refuses a limit with less or more amounts than its first node has, and changes nothing", () => {
    const { tree, prj } = grow({ prj: of(5, 6) });
    for (const wrong of [of(), of(1), of(1, 1, 1)]) {
      const message = (id: string) => `the limit of ${id} has ${wrong.length} amounts; the tree counts 2 resources`;
      expect(tree.setLimit("prj", wrong)).toEqual({
        ok: false,
        error: { code: "BAD_REQUEST", message: message("prj") },
      });
      for (const parentId of ["ws", null]) {
        const added = tree.add("new", parentId, wrong);
        expect(added).toEqual({ ok: false, error: { code: "BAD_REQUEST", message: message("new") } });
      }
    }
    expect([...prj.limit]).toEqual([5, 6]);
    expect(tree.find("new")).toBeUndefined();
  });

  it("moves a node with what it holds", () => {
    const { tree, org, ws, prj, other } = grow();
    hold(prj, of(3, 1));
    expect(tree.move("prj", "other")).toEqual({ ok: true, value: prj });
    expect(prj.parent).toBe(other);
    expect(held(org, ws, other)).toEqual([
      [3, 1],
      [0, 0],
      [3, 1],
    ]);
    expect([ws.children, other.children]).toEqual([0, 1]);
    release(prj, of(3, 1));
    expect(held(org, ws, other)).toEqual([
      [0, 0],
      [0, 0],
      [0, 0],
    ]);
  });

  it("moves a root below another, and a node to where it is", () => {
    const { tree, org, ws } = grow();
    const root = tree.add("root", null, free);
    if (!root.ok) throw new Error("not added");
    hold(ws, of(2, 0));
    expect(tree.move("org", "root").ok).toBe(true);
    expect(held(root.value)).toEqual([[2, 0]]);
    expect(tree.move("ws", "org").ok).toBe(true);
    expect([org.children, root.value.children]).toEqual([2, 1]);
    expect(held(root.value, org, ws)).toEqual([
      [2, 0],
      [2, 0],
      [2, 0],
    ]);
  });

  it("refuses a move that would make a cycle, or to or of what is not there", () => {
    const { tree, org } = grow();
    for (const below of ["org", "ws", "prj"]) {
      expect(tree.move("org", below)).toMatchObject({
        error: { code: "BAD_REQUEST", message: "org cannot be moved below itself" },
      });
    }
    expect(tree.move("prj", "nobody")).toMatchObject({
      error: { code: "NOT_FOUND", message: "there is no node nobody" },
    });
    expect(tree.move("nobody", "org")).toMatchObject({
      error: { code: "NOT_FOUND", message: "there is no node nobody" },
    });
    expect(org.parent).toBeNull();
  });

  it("refuses a move to where what is held does not fit, but asks nobody who counts it already", () => {
    const { tree, org, ws, prj, other } = grow({ other: of(2, noLimit) });
    hold(prj, of(3, 0));
    tree.setLimit("org", of(1, 1));
    expect(tree.move("prj", "other")).toMatchObject({
      error: { code: "QUOTA_EXCEEDED", message: "what prj holds does not fit into other" },
    });
    expect(prj.parent).toBe(ws);
    expect(held(org, ws, other)).toEqual([
      [3, 0],
      [3, 0],
      [0, 0],
    ]);
    tree.setLimit("other", of(3, noLimit));
    expect(tree.move("prj", "other").ok).toBe(true);
  });

  it("asks also the ancestors of the new parent", () => {
    const { tree, prj } = grow();
    tree.add("far", null, of(1, 1));
    tree.add("deep", "far", free);
    hold(prj, of(2, 0));
    expect(tree.move("prj", "deep")).toMatchObject({ error: { message: "what prj holds does not fit into far" } });
  });

  it("removes only what is empty", () => {
    const { tree, org, ws, prj } = grow();
    expect(tree.remove("ws")).toMatchObject({
      error: { code: "CONFLICT", message: "ws has 1 nodes below it; remove or move them first" },
    });
    hold(prj, of(0, 1));
    expect(tree.remove("prj")).toMatchObject({
      error: { code: "CONFLICT", message: "prj still holds something; wait or release it first" },
    });
    release(prj, of(0, 1));
    expect(tree.remove("prj")).toEqual({ ok: true, value: undefined });
    expect(tree.find("prj")).toBeUndefined();
    expect(tree.remove("prj")).toMatchObject({ error: { code: "NOT_FOUND", message: "there is no node prj" } });
    expect(ws.children).toBe(0);
    expect(tree.remove("ws").ok).toBe(true);
    expect(tree.remove("other").ok).toBe(true);
    expect(org.children).toBe(0);
    expect(tree.remove("org").ok).toBe(true);
  });
});

const id = fc.integer({ min: 0, max: 7 }).map((n) => `n${n}`);
const vector = fc.tuple(fc.nat(6), fc.nat(6)).map((amounts) => of(...amounts));
const limit = fc.tuple(fc.nat(12), fc.constantFrom(noLimit, 5)).map((amounts) => of(...amounts));
const step = fc.oneof(
  fc.record({ kind: fc.constant("add" as const), id, parentId: fc.option(id), limit }),
  fc.record({ kind: fc.constant("move" as const), id, parentId: id }),
  fc.record({ kind: fc.constant("remove" as const), id }),
  fc.record({ kind: fc.constant("limit" as const), id, limit }),
  fc.record({ kind: fc.constant("hold" as const), id, demand: vector }),
  fc.record({ kind: fc.constant("release" as const), nth: fc.nat(20) }),
);

it("at any time what a node holds is what its own holders and its children hold, and no increase ends above a limit", () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 10, maxLength: 80 }), (steps) => {
      const tree = new QuotaTree();
      const own: { node: QuotaNode; demand: Vector }[] = [];
      const known = new Set<QuotaNode>();
      for (const each of steps) {
        const before = new Map([...known].map((node) => [node, node.held.slice()]));
        if (each.kind === "add") {
          const added = tree.add(each.id, each.parentId, each.limit);
          if (added.ok) known.add(added.value);
        } else if (each.kind === "move") tree.move(each.id, each.parentId);
        else if (each.kind === "remove") {
          const node = tree.find(each.id);
          if (node && tree.remove(each.id).ok) known.delete(node);
        } else if (each.kind === "limit") tree.setLimit(each.id, each.limit);
        else if (each.kind === "hold") {
          const node = tree.find(each.id);
          if (node && !findShortage(node, each.demand)) {
            hold(node, each.demand);
            own.push({ node, demand: each.demand });
          }
        } else {
          const [given] = own.splice(each.nth, 1);
          if (given) release(given.node, given.demand);
        }
        for (const node of known) {
          const parts = [
            ...own.filter((holder) => holder.node === node).map(({ demand }) => demand),
            ...[...known].filter((other) => other.parent === node).map((child) => child.held),
          ];
          const sum = [0, 1].map((i) => parts.reduce((total, part) => total + (part[i] as number), 0));
          expect([...node.held]).toEqual(sum);
          for (const i of [0, 1]) {
            const increased = node.held[i]! > (before.get(node)?.[i] ?? 0);
            if (increased) expect(node.held[i]).toBeLessThanOrEqual(node.limit[i]!);
          }
        }
      }
    }),
  );
});
