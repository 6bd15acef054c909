import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isWithin, type QuotaNode } from "../quota/quota-tree.ts";
import { histories, Player } from "./random-history.ts";
import { limits, TestServer, vector } from "./test-server.ts";

const tree = { a: {}, "a/w": {}, "a/w/p": {}, "a/w/q": {}, "a/x": {}, "a/x/r": {}, b: {}, "b/w": {}, "b/w/p": {} };

function playInTurn(server: TestServer): string[] {
  const order: string[] = [];
  for (let next = server.scheduler.next(0); next; next = server.scheduler.next(0)) {
    order.push(next.id);
    server.scheduler.ended(next.id);
  }
  return order;
}

describe("a node that moves", () => {
  it("takes its waiting tasks along: the limits of the new place hold for them, and those of the old one do not", () => {
    const server = new TestServer({ ...tree, "a/w": { cpu: 1 }, "a/x": { cpu: 2 } });
    for (const n of [1, 2, 3]) server.add(`t${n}`, "a/w/p");
    expect(server.startAll()).toEqual(["t1"]);
    expect(server.scheduler.moveNode("a/w/p", "a/x").ok).toBe(true);
    expect(server.startAll()).toEqual(["t2"]);
    expect(server.quotas.find("a/w")?.held[0]).toBe(0);
    expect(server.quotas.find("a/x")?.held[0]).toBe(2);
    server.add("q", "a/w/q");
    expect(server.startAll()).toEqual(["q"]);
    server.scheduler.ended("t1");
    expect(server.startAll()).toEqual(["t3"]);
  });

  it("opens what the old place held back, because its runs count there no more", () => {
    const server = new TestServer({ ...tree, "a/w": { cpu: 1 } });
    server.add("runs", "a/w/p");
    server.add("waits", "a/w/q");
    expect(server.startAll()).toEqual(["runs"]);
    server.scheduler.moveNode("a/w/p", "b");
    expect(server.startAll()).toEqual(["waits"]);
  });

  it("keeps the order of a project, across a run that goes on", () => {
    const server = new TestServer(tree);
    for (const n of [1, 2, 3]) server.add(`o${n}`, "a/w/p", { isOrdered: true });
    expect(server.startAll()).toEqual(["o1"]);
    server.scheduler.moveNode("a/w/p", "b/w");
    expect(server.startAll()).toEqual([]);
    server.scheduler.ended("o1");
    expect(server.startAll()).toEqual(["o2"]);
    server.scheduler.ended("o2");
    expect(server.startAll()).toEqual(["o3"]);
  });

  it("takes turns in its new place, and is charged there for what runs", () => {
    const server = new TestServer(tree, { capacity: { cpu: 1, memory: 1 } });
    server.add("long", "a/w/p", { expectedMs: 5000 });
    expect(server.scheduler.next(0)?.id).toBe("long");
    for (const n of [1, 2, 3, 4, 5, 6]) server.add(`b${n}`, "b/w/p");
    server.add("after", "a/w/p");
    server.scheduler.moveNode("a/w/p", "a/x");
    server.scheduler.ended("long");
    // Its org was charged five seconds, and goes on being charged them.
    expect(playInTurn(server)).toEqual(["b1", "b2", "b3", "b4", "b5", "after", "b6"]);
  });

  it("gets nothing back in its new place that was not charged there", () => {
    const server = new TestServer(tree, { capacity: { cpu: 1, memory: 1 } });
    server.add("said", "a/w/p", { expectedMs: 100_000 });
    server.scheduler.next(0);
    for (const n of [1, 2, 3, 4]) {
      server.add(`a${n}`, "a/w/q");
      server.add(`b${n}`, "b/w/p");
    }
    server.scheduler.moveNode("a/w/p", "b/w");
    server.scheduler.ended("said", 1000);
    // One second counts for the other org now, and nothing for the one that it left.
    expect(playInTurn(server)).toEqual(["a1", "a2", "b1", "a3", "b2", "a4", "b3", "b4"]);
  });

  it("says no where the tree would be too deep, a cycle, not of this server or without room; nothing has changed then", () => {
    const server = new TestServer({ ...tree, "a/x": { cpu: 0 } });
    server.quotas.add("elsewhere", null, limits({}));
    server.add("runs", "a/w/p");
    server.startAll();
    server.add("waits", "a/w/p");
    const before = server.scheduler.state();
    const codeOf = (id: string, parent: string) => {
      const moved = server.scheduler.moveNode(id, parent);
      return moved.ok ? "moved" : moved.error.code;
    };
    expect(codeOf("a/w", "a/x")).toBe("BAD_REQUEST");
    expect(codeOf("a", "a/w/p")).toBe("BAD_REQUEST");
    expect(codeOf("a/w/p", "elsewhere")).toBe("BAD_REQUEST");
    expect(codeOf("a/w/p", "nowhere")).toBe("NOT_FOUND");
    expect(codeOf("nowhere", "a")).toBe("NOT_FOUND");
    expect(codeOf("a/w/p", "a/x")).toBe("QUOTA_EXCEEDED");
    expect(server.scheduler.state()).toEqual(before);
    expect(codeOf("a/w", "b")).toBe("moved");
    expect(codeOf("a/x", "b/w/p")).toBe("BAD_REQUEST");
    // What has no tasks here may go elsewhere.
    expect(codeOf("a/x", "elsewhere")).toBe("moved");
  });
});

it("does not take out a node in which a task waits or runs, and takes it out afterwards", () => {
  const server = new TestServer(tree);
  server.add("t", "a/w/p");
  const codeOf = () => {
    const removed = server.scheduler.removeNode("a/w/p");
    return removed.ok ? "removed" : removed.error.code;
  };
  expect(codeOf()).toBe("CONFLICT");
  server.startAll();
  expect(codeOf()).toBe("CONFLICT");
  server.scheduler.ended("t");
  expect(codeOf()).toBe("removed");
  expect(codeOf()).toBe("NOT_FOUND");
  expect(server.scheduler.enqueue(server.task("u", "a/w/p"))).toMatchObject({ error: { code: "NOT_FOUND" } });
  expect(server.scheduler.state().shares.filter(({ path }) => path.includes("a/w/p"))).toEqual([]);
});

it("lets a task ask for something else where it waits: it keeps its place and those that wait for it", () => {
  const server = new TestServer(tree);
  server.add("first", "a/w/p", { isOrdered: true });
  server.add("second", "a/w/p", { isOrdered: true });
  server.add("after", "b/w/p", { after: ["first"] });
  const { scheduler } = server;
  expect(scheduler.setDemand("first", vector({ cpu: 9 }))).toMatchObject({ error: { code: "QUOTA_EXCEEDED" } });
  expect(scheduler.setDemand("first", new Float64Array(7))).toMatchObject({ error: { code: "BAD_REQUEST" } });
  expect(scheduler.setDemand("unknown", vector({}))).toMatchObject({ error: { code: "NOT_FOUND" } });
  expect(scheduler.setDemand("first", vector({ cpu: 8 })).ok).toBe(true);
  expect(server.startAll()).toEqual(["first"]);
  expect(server.quotas.find("a/w/p")?.held[0]).toBe(8);
  expect(scheduler.setDemand("first", vector({ cpu: 1 }))).toMatchObject({ error: { code: "NOT_FOUND" } });
  scheduler.ended("first");
  expect(server.startAll().toSorted()).toEqual(["after", "second"]);
});

const moves = fc.array(fc.tuple(fc.nat(99), fc.nat(99)), { minLength: 1, maxLength: 6 });

it("counts and decides after moves as one that was restarted there, and starts whatever can start", () => {
  let moved = 0;
  fc.assert(
    fc.property(histories({ maxLength: 60 }), moves, (history, pairs) => {
      const straight = new TestServer(history.nodes);
      let stopped = new TestServer(history.nodes);
      const [one, two] = [new Player(history, straight.scheduler), new Player(history, stopped.scheduler)];
      const paths = Object.keys(history.nodes);
      const stride = Math.ceil(history.steps.length / pairs.length);
      for (const [i, step] of history.steps.entries()) {
        expect(two.play(step)).toBe(one.play(step));
        if (i % stride !== stride - 1) continue;
        const [from, to] = pairs[Math.floor(i / stride)] ?? [0, 0];
        const move = [paths[from % paths.length] ?? "", paths[to % paths.length] ?? ""] as const;
        const done = straight.scheduler.moveNode(...move);
        expect(stopped.scheduler.moveNode(...move)).toEqual(done);
        if (done.ok) moved++;
        stopped = stopped.restarted();
        two.scheduler = stopped.scheduler;
        for (const node of straight.quotas.nodes()) expect([...node.held]).toEqual(heldBelow(straight, node));
      }
      const { scheduler, quotas } = straight;
      for (const { id } of quotas.nodes()) scheduler.setLimit(id, limits({}));
      for (const { id, run } of scheduler.state().tasks) {
        scheduler.setSuspended(id, false);
        if (run) scheduler.ended(id);
      }
      for (let next = scheduler.next(0); next; next = scheduler.next(0)) scheduler.ended(next.id);
      expect(scheduler.state().tasks).toEqual([]);
      for (const { held } of quotas.nodes()) expect([...held]).toEqual([0, 0]);
    }),
    { seed: 71, numRuns: 150 },
  );
  expect(moved).toBeGreaterThan(100);
});

/** What the running tasks of a node and of all below it hold. */
function heldBelow({ scheduler, quotas }: TestServer, node: QuotaNode): number[] {
  const held = [0, 0];
  for (const { nodeId, demand, run } of scheduler.state().tasks) {
    const at = quotas.find(nodeId);
    if (run && at && isWithin(at, node)) held.forEach((amount, i) => (held[i] = amount + (demand[i] as number)));
  }
  return held;
}
