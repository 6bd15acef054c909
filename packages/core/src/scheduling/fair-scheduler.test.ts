import { describe, expect, it } from "vitest";
import { FairScheduler } from "./fair-scheduler.ts";
import { limits, TestServer, vector } from "./test-server.ts";

const two = { a: {}, "a/w": {}, "a/w/p": {}, b: {}, "b/w": {}, "b/w/p": {} };

function endAll(server: TestServer, ids: readonly string[]): void {
  for (const id of ids) expect(server.scheduler.ended(id)).toBe(true);
}

/** Plays one task at a time to its end, and tells the order. */
function playInTurn(server: TestServer, most = 1000): string[] {
  const order: string[] = [];
  while (order.length < most) {
    const next = server.scheduler.next(0);
    if (!next) break;
    order.push(next.id);
    server.scheduler.ended(next.id);
  }
  return order;
}

describe("whose turn it is", () => {
  it("lets two orgs take turns, however many tasks one has", () => {
    const server = new TestServer(two);
    for (let n = 1; n <= 6; n++) server.add(`a${n}`, "a/w/p");
    for (let n = 1; n <= 2; n++) server.add(`b${n}`, "b/w/p");
    expect(playInTurn(server)).toEqual(["a1", "b1", "a2", "b2", "a3", "a4", "a5", "a6"]);
  });

  it("shares by weight", () => {
    const server = new TestServer(two);
    server.scheduler.setWeight("a", 2);
    for (let n = 1; n <= 40; n++) {
      server.add(`a${n}`, "a/w/p");
      server.add(`b${n}`, "b/w/p");
    }
    const first = playInTurn(server, 30);
    expect(first.filter((id) => id.startsWith("a"))).toHaveLength(20);
    expect(server.scheduler.setWeight("a", 0)).toMatchObject({ ok: false, error: { code: "BAD_REQUEST" } });
  });

  it("charges by the dominant share of the server and by time", () => {
    const server = new TestServer(two);
    for (let n = 1; n <= 20; n++) {
      server.add(`a${n}`, "a/w/p", { demand: { cpu: 4, memory: 1 } });
      server.add(`b${n}`, "b/w/p", { demand: { cpu: 1, memory: 2 } });
    }
    const first = playInTurn(server, 15);
    expect(first.filter((id) => id.startsWith("b"))).toHaveLength(10);
  });

  it("gives each band its part when all want more, and the whole when alone", () => {
    const server = new TestServer(two);
    for (let n = 1; n <= 200; n++) {
      for (const band of ["urgent", "high", "normal", "low"] as const) {
        server.add(`${band} a${n}`, "a/w/p", { band });
        server.add(`${band} b${n}`, "b/w/p", { band });
      }
    }
    const count = (ids: readonly string[], band: string) => ids.filter((id) => id.startsWith(band)).length;
    const first = playInTurn(server, 200);
    for (const [band, part] of [
      ["urgent", 100],
      ["high", 60],
      ["normal", 30],
      ["low", 10],
    ] as const) {
      expect(Math.abs(count(first, band) - part)).toBeLessThanOrEqual(2);
    }
    const rest = playInTurn(server, 2000);
    expect(rest).toHaveLength(1400);
  });

  it("gives one org alone only half of the guarantee of the urgent band", () => {
    const server = new TestServer(two);
    for (let n = 1; n <= 300; n++) {
      server.add(`urgent${n}`, "a/w/p", { band: "urgent" });
      server.add(`normal${n}`, "b/w/p", { band: "normal" });
    }
    const first = playInTurn(server, 160);
    expect(Math.abs(first.filter((id) => id.startsWith("urgent")).length - 100)).toBeLessThanOrEqual(2);
  });

  it("earns nobody credit to be idle", () => {
    const server = new TestServer(two);
    for (let n = 1; n <= 50; n++) server.add(`a${n}`, "a/w/p");
    playInTurn(server, 30);
    for (let n = 1; n <= 50; n++) server.add(`b${n}`, "b/w/p");
    const next = playInTurn(server, 10);
    expect(next.filter((id) => id.startsWith("b"))).toHaveLength(5);
  });

  it("does not forget what somebody was charged who comes back at once", () => {
    const server = new TestServer(two);
    for (let n = 1; n <= 20; n++) server.add(`b${n}`, "b/w/p");
    server.add("a-long", "a/w/p", { expectedMs: 10_000 });
    expect(playInTurn(server, 2)).toEqual(["a-long", "b1"]);
    server.add("a-next", "a/w/p");
    expect(playInTurn(server, 12).indexOf("a-next")).toBe(9);
  });

  it("remembers of many who are idle that they were served more, until the others have caught up", () => {
    const orgs = Array.from({ length: 60 }, (_, n) => `o${n}`);
    const server = new TestServer({
      ...two,
      ...Object.fromEntries(orgs.flatMap((o) => [o, `${o}/w`, `${o}/w/p`].map((path) => [path, {}]))),
    });
    for (const o of orgs) server.add(`${o} long`, `${o}/w/p`, { expectedMs: 100_000 });
    for (let n = 1; n <= 80; n++) server.add(`b${n}`, "b/w/p");
    expect(playInTurn(server, 61).filter((id) => id.startsWith("o"))).toHaveLength(60);
    for (const o of orgs) server.add(`${o} next`, `${o}/w/p`);
    expect(playInTurn(server, 50).every((id) => id.startsWith("b"))).toBe(true);
  });

  it("corrects the charge at the end, so a false duration gains nothing", () => {
    const server = new TestServer(two);
    for (let n = 1; n <= 40; n++) {
      server.add(`a${n}`, "a/w/p", { expectedMs: 1 });
      server.add(`b${n}`, "b/w/p", { expectedMs: 1000 });
    }
    const order: string[] = [];
    while (order.length < 40) {
      const id = server.scheduler.next(0)?.id ?? "";
      order.push(id);
      expect(server.scheduler.ended(id, 1000)).toBe(true);
    }
    expect(Math.abs(order.filter((id) => id.startsWith("a")).length - 20)).toBeLessThanOrEqual(1);
  });

  it("gains nobody anything to split one project into many", () => {
    const server = new TestServer({
      ...two,
      ...Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`a/w/s${n}`, {}])),
    });
    for (let n = 0; n < 50; n++) {
      server.add(`a${n}`, `a/w/s${n}`);
      server.add(`b${n}`, "b/w/p");
    }
    expect(playInTurn(server, 40).filter((id) => id.startsWith("a"))).toHaveLength(20);
  });

  it("lets tasks that ask for nothing through when the server is full, in turns too", () => {
    const server = new TestServer(two);
    server.add("big", "a/w/p", { demand: { cpu: 8, memory: 8 } });
    expect(server.startAll()).toEqual(["big"]);
    for (let n = 1; n <= 3; n++) server.add(`read a${n}`, "a/w/p", { demand: {} });
    server.add("read b1", "b/w/p", { demand: {} });
    server.add("work", "b/w/p");
    expect(server.startAll().indexOf("read b1")).toBeLessThan(2);
    expect(server.scheduler.isWaiting("work")).toBe(true);
  });

  it("takes what belongs to a workspace or an org itself as one of its children", () => {
    const server = new TestServer(two);
    server.add("of the project", "a/w/p");
    server.add("of the workspace", "a/w");
    server.add("of the org", "a");
    expect(playInTurn(server)).toHaveLength(3);
  });
});

describe("limits", () => {
  it("never holds more than any ancestor's limit, and wakes what waits for it", () => {
    const server = new TestServer({ ...two, a: { cpu: 2 }, "a/w/q": {} });
    server.add("a1", "a/w/p");
    server.add("a2", "a/w/q");
    server.add("a3", "a/w/p");
    server.add("b1", "b/w/p");
    expect(server.startAll()).toEqual(["a1", "b1", "a2"]);
    expect(server.scheduler.explain("a3", 0)).toMatchObject({
      value: { reason: { kind: "limit", nodeId: "a", resource: 0, free: 0, isImpossible: false } },
    });
    endAll(server, ["a2"]);
    expect(server.startAll()).toEqual(["a3"]);
  });

  it("starts nothing more after a limit was lowered below what is held, and goes on after it was raised", () => {
    const server = new TestServer(two);
    server.add("a1", "a/w/p", { demand: { cpu: 3 } });
    server.add("a2", "a/w/p");
    expect(server.scheduler.next(0)?.id).toBe("a1");
    server.scheduler.setLimit("a/w", limits({ cpu: 2 }));
    expect(server.startAll()).toEqual([]);
    expect(server.scheduler.explain("a2", 0)).toMatchObject({
      value: { reason: { kind: "limit", nodeId: "a/w", free: -1 } },
    });
    server.scheduler.setLimit("a/w", limits({ cpu: 4 }));
    expect(server.startAll()).toEqual(["a2"]);
  });

  it("refuses what could never start, with the limit that it breaks", () => {
    const server = new TestServer({ ...two, "a/w": { memory: 4 } });
    const big = server.scheduler.enqueue(server.task("big", "a/w/p", { demand: { memory: 5 } }));
    expect(big).toMatchObject({
      ok: false,
      error: { code: "QUOTA_EXCEEDED", message: expect.stringContaining("a/w is 4") },
    });
    const huge = server.scheduler.enqueue(server.task("huge", "b/w/p", { demand: { cpu: 9 } }));
    expect(huge).toMatchObject({ ok: false, error: { message: expect.stringContaining("server is 8") } });
    expect(server.scheduler.waitingCount).toBe(0);
  });

  it("names what can never start any more, holds nobody back with it, and starts it when it fits again", () => {
    const server = new TestServer(two);
    server.add("big", "a/w/p", { demand: { cpu: 6 } });
    server.add("small", "b/w/p");
    server.scheduler.setLimit("server", limits({ cpu: 4, memory: 8 }));
    expect(server.scheduler.impossible()).toEqual(["big"]);
    expect(server.startAll()).toEqual(["small"]);
    expect(server.scheduler.explain("big", 0)).toMatchObject({
      value: { reason: { kind: "capacity", resource: 0, free: 3, isImpossible: true }, position: null },
    });
    server.scheduler.setLimit("server", limits({ cpu: 8, memory: 8 }));
    expect(server.startAll()).toEqual(["big"]);
  });

  it("refuses numbers that are none, and leaves the queue as it was", () => {
    const server = new TestServer(two);
    const bad = [
      { expectedMs: Number.NaN },
      { expectedMs: -1 },
      { expectedMs: Number.POSITIVE_INFINITY },
      { seq: 0.5 },
      { seq: Number.NaN },
    ];
    for (const rest of bad) {
      expect(server.scheduler.enqueue(server.task("x", "a/w/p", rest))).toMatchObject({
        error: { code: "BAD_REQUEST" },
      });
    }
    for (const amount of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
      const task = { ...server.task("x", "a/w/p"), demand: Float64Array.of(amount, 0) };
      expect(server.scheduler.enqueue(task)).toMatchObject({ error: { code: "BAD_REQUEST" } });
    }
    const long = { ...server.task("x", "a/w/p"), demand: Float64Array.of(1, 1, 1) };
    expect(server.scheduler.enqueue(long)).toMatchObject({ error: { code: "BAD_REQUEST" } });
    expect(server.scheduler.enqueue(server.task("x", "nowhere"))).toMatchObject({ error: { code: "NOT_FOUND" } });
    expect(server.scheduler.waitingCount).toBe(0);
    for (const weight of [0, -1, Number.MIN_VALUE, Number.NaN, 1e300, Number.POSITIVE_INFINITY]) {
      expect(server.scheduler.setWeight("a", weight)).toMatchObject({ error: { code: "BAD_REQUEST" } });
    }
  });

  it("refuses limits that are none: the queue is as it was, and what is held still counts", () => {
    const server = new TestServer(two, { capacity: { cpu: 1, memory: 1 } });
    for (const n of [1, 2]) server.add(`${n}`, "a/w/p");
    expect(server.startAll()).toEqual(["1"]);
    const before = server.scheduler.state();
    for (const bad of [[Number.NaN, 1], [-1, 1], [0.5, 1], [1], [1, 1, 1]]) {
      for (const nodeId of ["server", "a/w"]) {
        const set = server.scheduler.setLimit(nodeId, Float64Array.from(bad));
        expect(set).toMatchObject({ error: { code: "BAD_REQUEST" } });
      }
    }
    expect(server.startAll()).toEqual([]);
    expect(server.scheduler.state()).toEqual(before);
  });

  it("throws for a time or a duration that is no number, and decides afterwards as if it had not been asked", () => {
    const server = new TestServer(two);
    server.add("1", "a/w/p", { demand: { cpu: 6 } });
    server.add("big", "a/w/p", { demand: { cpu: 8 }, expectedMs: 1_000_000 });
    server.startAll();
    server.add("passes", "b/w/p");
    server.startAll();
    const before = server.scheduler.state();
    expect(before.patience?.wasPassed).toBe(true);
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      expect(() => server.scheduler.next(bad)).toThrow(RangeError);
    }
    expect(() => server.scheduler.ended("1", Number.NaN)).toThrow(RangeError);
    expect(server.scheduler.state()).toEqual(before);
    for (let nowMs = 10_000; nowMs <= 30_000; nowMs += 10_000) server.scheduler.next(nowMs);
    expect(server.scheduler.state().patience?.passedForMs).toBe(30_000);
    expect(server.scheduler.ended("1", Number.POSITIVE_INFINITY)).toBe(true);
    expect(server.scheduler.state().shares.every(({ tag }) => Number.isFinite(tag))).toBe(true);
  });

  it("is not made with a patience, a band or a weight that is none", () => {
    const band = { name: "normal", weight: 1, loneOrgPart: 1 } as const;
    expect(() => new TestServer(two, { patienceMs: Number.NaN })).toThrow(RangeError);
    expect(() => new TestServer(two, { patienceMs: -1 })).toThrow(RangeError);
    for (const bad of [{ weight: Number.NaN }, { weight: 0 }, { loneOrgPart: 0 }, { loneOrgPart: Number.NaN }]) {
      expect(() => new TestServer(two, { bands: [{ ...band, ...bad }] })).toThrow(RangeError);
    }
    const { options, scheduler } = new TestServer(two);
    const state = { ...scheduler.state(), weights: { a: Number.NaN } };
    expect(() => FairScheduler.restore(options, state)).toThrow(RangeError);
  });

  it("charges a run of no time and one of years without losing count", () => {
    const server = new TestServer(two);
    server.add("none", "a/w/p", { expectedMs: 0 });
    server.add("years", "b/w/p", { expectedMs: 1e15 });
    expect(server.startAll()).toHaveLength(2);
    expect(server.scheduler.ended("none", 0)).toBe(true);
    expect(server.scheduler.ended("years", 1e15)).toBe(true);
    expect(server.scheduler.ended("years", 1)).toBe(false);
    expect(server.quotas.find("server")?.held).toEqual(vector({}));
  });
});

describe("a task that is too big for what is free", () => {
  function crowded(expectedMs: number) {
    const server = new TestServer(two);
    server.add("first", "b/w/p", { demand: { cpu: 6 } });
    expect(server.startAll()).toEqual(["first"]);
    server.add("big", "a/w/p", { demand: { cpu: 8 }, expectedMs });
    return server;
  }

  it("is passed by smaller ones for a while, and then room is kept for it", () => {
    const server = crowded(1_000_000);
    let nowMs = 0;
    let passed = 0;
    let running: string[] = [];
    for (let n = 1; n <= 60; n++) {
      server.add(`small${n}`, "b/w/p", { demand: { cpu: 2 } });
      endAll(server, running);
      running = server.startAll(nowMs);
      if (running.length === 0) break;
      passed += running.length;
      nowMs += 1000;
    }
    expect(nowMs).toBeGreaterThanOrEqual(30_000);
    expect(nowMs).toBeLessThanOrEqual(33_000);
    expect(passed).toBeGreaterThan(25);
    expect(server.scheduler.explain("big", nowMs)).toMatchObject({
      value: { reason: { kind: "capacity" }, position: 1 },
    });
    endAll(server, ["first"]);
    expect(server.startAll(nowMs)).toEqual(["big"]);
  });

  it("is passed by no more than it will be charged itself", () => {
    const server = crowded(2000);
    let passed = 0;
    for (let n = 1; n <= 60; n++) {
      server.add(`small${n}`, "b/w/p", { demand: { cpu: 2 } });
      const started = server.startAll(0);
      endAll(server, started);
      passed += started.length;
    }
    // Eight cores for two seconds against two for one.
    expect(passed).toBe(8);
  });

  it("lets others use what it does not need while room is kept for it", () => {
    const server = new TestServer(two, { patienceMs: 0 });
    server.add("first", "b/w/p", { demand: { cpu: 6 } });
    expect(server.startAll()).toEqual(["first"]);
    server.add("big", "a/w/p", { demand: { cpu: 8, memory: 4 } });
    server.add("cpu", "b/w/p", { demand: { cpu: 1 } });
    server.add("memory", "b/w/p", { demand: { memory: 4 } });
    server.add("too much memory", "b/w/p", { demand: { memory: 5 } });
    expect(server.startAll()).toEqual(["memory"]);
    expect(server.scheduler.explain("cpu", 0)).toMatchObject({ value: { reason: { kind: "turn" }, position: 2 } });
    endAll(server, ["first"]);
    expect(server.startAll()).toEqual(["big"]);
  });

  it("loses its claim when it is cancelled", () => {
    const server = new TestServer(two, { patienceMs: 0 });
    server.add("first", "b/w/p", { demand: { cpu: 6 } });
    server.startAll();
    server.add("big", "a/w/p", { demand: { cpu: 8 } });
    server.add("small", "b/w/p", { demand: { cpu: 1 } });
    expect(server.startAll()).toEqual([]);
    expect(server.scheduler.remove("big")).toBe(true);
    expect(server.startAll()).toEqual(["small"]);
  });
});

describe("order and dependencies", () => {
  it("starts ordered tasks of a project one after the other, whatever their band, and others beside them", () => {
    const server = new TestServer(two);
    server.add("1", "a/w/p", { isOrdered: true, band: "low" });
    server.add("2", "a/w/p", { isOrdered: true, band: "urgent", demand: { cpu: 2 } });
    server.add("3", "a/w/p", { isOrdered: true });
    server.add("beside", "a/w/p");
    expect(server.startAll().toSorted()).toEqual(["1", "beside"]);
    expect(server.scheduler.explain("2", 0)).toMatchObject({ value: { reason: { kind: "order", behind: "1" } } });
    expect(server.scheduler.explain("3", 0)).toMatchObject({
      value: { reason: { kind: "order", behind: "2" }, position: 2 },
    });
    endAll(server, ["1"]);
    expect(server.startAll()).toEqual(["2"]);
    expect(server.scheduler.remove("3")).toBe(true);
    endAll(server, ["2"]);
    expect(server.startAll()).toEqual([]);
  });

  it("starts a task after all those that it names have ended or were taken out", () => {
    const server = new TestServer(two);
    server.add("a", "a/w/p");
    server.add("b", "b/w/p");
    server.add("c", "b/w/p", { after: ["a", "b", "long gone"] });
    server.add("d", "a/w/p", { after: ["c"] });
    expect(server.scheduler.waitingFor("c")).toEqual(["d"]);
    expect(server.scheduler.explain("c", 0)).toMatchObject({
      value: { reason: { kind: "dependency", on: ["a", "b"] } },
    });
    expect(server.startAll().toSorted()).toEqual(["a", "b"]);
    endAll(server, ["b"]);
    expect(server.startAll()).toEqual([]);
    endAll(server, ["a"]);
    expect(server.scheduler.remove("c")).toBe(true);
    expect(server.startAll()).toEqual(["d"]);
  });

  it("holds back what comes after an ordered task that was set aside, and only that", () => {
    const server = new TestServer(two);
    server.add("1", "a/w/p", { isOrdered: true });
    server.add("2", "a/w/p", { isOrdered: true });
    server.add("beside", "a/w/p");
    expect(server.scheduler.setSuspended("1", true)).toBe(true);
    expect(server.scheduler.explain("1", 0)).toMatchObject({
      value: { reason: { kind: "suspended" }, position: null },
    });
    expect(server.startAll()).toEqual(["beside"]);
    server.scheduler.setSuspended("1", false);
    expect(server.startAll()).toEqual(["1"]);
    expect(server.scheduler.setSuspended("1", true)).toBe(false);
  });

  it("takes back a start: the task waits at its place, and its nodes get back what they were charged", () => {
    const server = new TestServer(two);
    server.add("1", "a/w/p", { isOrdered: true, demand: { cpu: 8 } });
    server.add("2", "a/w/p", { isOrdered: true });
    server.add("other", "b/w/p", { demand: { cpu: 8 } });
    const before = server.scheduler.state();
    expect(server.scheduler.next(0)?.id).toBe("1");
    expect(server.scheduler.putBack("1")).toBe(true);
    expect(server.scheduler.putBack("1")).toBe(false);
    expect(server.scheduler.state().shares).toEqual(before.shares);
    expect(server.scheduler.runningCount).toBe(0);
    expect(playInTurn(server)).toEqual(["1", "other", "2"]);
  });

  it("leaves the virtual time where a start brought it that is taken back, and whose passing it ended", () => {
    const server = new TestServer(two);
    for (const n of [1, 2, 3]) server.add(`a${n}`, "a/w/p");
    expect(playInTurn(server, 2)).toEqual(["a1", "a2"]);
    const numbers = (which: "tag" | "virtual") =>
      server.scheduler.state().shares.map(({ path, ...share }) => [path.join(" "), share[which]]);
    const tags = numbers("tag");
    const virtuals = numbers("virtual");
    server.scheduler.next(0);
    const virtualsOfStart = numbers("virtual");
    server.scheduler.putBack("a3");
    expect(numbers("tag")).toEqual(tags);
    expect(numbers("virtual")).toEqual(virtualsOfStart);
    expect(virtualsOfStart).not.toEqual(virtuals);
    // Who comes now comes beside it, and not before.
    server.add("b1", "b/w/p");
    expect(playInTurn(server)).toEqual(["a3", "b1"]);

    server.add("first", "b/w/p", { demand: { cpu: 6 } });
    server.startAll();
    server.add("big", "a/w/p", { demand: { cpu: 8 } });
    server.add("passes", "b/w/p");
    expect(server.startAll()).toEqual(["passes"]);
    expect(server.scheduler.patience()?.taskId).toBe("big");
    endAll(server, ["first", "passes"]);
    expect(server.startAll()).toEqual(["big"]);
    server.scheduler.putBack("big");
    expect(server.scheduler.patience()).toBeNull();
  });

  it("does not let through whom a task holds back while it is moved or set aside", () => {
    const server = new TestServer(two);
    server.add("1", "a/w/p", { isOrdered: true, band: "low" });
    server.scheduler.setSuspended("1", true);
    server.add("2", "a/w/p", { isOrdered: true, band: "urgent" });
    for (let n = 1; n <= 3; n++) server.add(`b${n}`, "b/w/p", { band: "urgent" });
    expect(playInTurn(server, 2)).toEqual(["b1", "b2"]);
    const ofSecond = () => server.scheduler.state().shares.filter(({ path }) => path.join(" ").startsWith("urgent a"));
    const before = ofSecond();
    server.scheduler.setBand("1", "normal");
    expect(ofSecond()).toEqual(before);
  });

  it("moves a waiting task into another band at the place of its number", () => {
    const server = new TestServer(two);
    for (let n = 1; n <= 3; n++) server.add(`${n}`, "a/w/p", { band: "low", seq: n });
    server.add("10", "a/w/p", { band: "urgent", seq: 10 });
    expect(server.scheduler.setBand("2", "urgent")).toBe(true);
    expect(server.scheduler.setBand("gone", "urgent")).toBe(false);
    expect(playInTurn(server, 2)[0]).toBe("2");
  });
});

describe("explanations", () => {
  it("tells the position and when it will be, from the expected durations", () => {
    const server = new TestServer(two, { capacity: { cpu: 1, memory: 1 } });
    server.add("a1", "a/w/p", { expectedMs: 5000 });
    server.add("a2", "a/w/p", { expectedMs: 7000 });
    server.add("b1", "b/w/p", { expectedMs: 3000 });
    expect(server.startAll(1000)).toEqual(["a1"]);
    expect(server.scheduler.explain("b1", 2000)).toEqual({
      ok: true,
      value: {
        reason: { kind: "capacity", resource: 0, free: 0, isImpossible: false },
        position: 1,
        estimate: { startsInMs: 4000, basis: { running: 1, ahead: 0 } },
      },
    });
    expect(server.scheduler.explain("a2", 2000)).toEqual({
      ok: true,
      value: {
        reason: { kind: "turn" },
        position: 2,
        estimate: { startsInMs: 7000, basis: { running: 1, ahead: 1 } },
      },
    });
    expect(server.scheduler.explain("a1", 2000)).toMatchObject({ ok: false, error: { code: "NOT_FOUND" } });
    expect(server.scheduler.explain("a2", 2000)).toMatchObject({ value: { position: 2 } });
  });

  it("says for which task room is kept, to one that could start now and will before that task", () => {
    const server = new TestServer(two, { patienceMs: 0 });
    server.add("short", "b/w/p", { demand: { cpu: 4 }, expectedMs: 1000 });
    server.add("long", "b/w/p", { demand: { memory: 8 }, expectedMs: 100_000 });
    server.startAll();
    server.add("big", "a/w/p", { demand: { cpu: 6, memory: 4 } });
    server.add("small", "b/w/p", { demand: { cpu: 2 } });
    expect(server.startAll()).toEqual([]);
    expect(server.scheduler.explain("small", 0)).toMatchObject({
      value: { position: 1, reason: { kind: "room-kept", for: "big" }, estimate: { startsInMs: 1000 } },
    });
    endAll(server, ["short"]);
    expect(server.startAll()).toEqual(["small"]);
  });

  it("says that it is not its turn to one that starts after the task that room is kept for", () => {
    const server = new TestServer(two, { patienceMs: 0 });
    server.add("first", "b/w/p", { demand: { cpu: 6 } });
    server.startAll();
    server.add("big", "a/w/p", { demand: { cpu: 7 } });
    server.add("small", "b/w/p", { demand: { cpu: 1 } });
    server.startAll();
    expect(server.scheduler.explain("small", 0)).toMatchObject({ value: { position: 2, reason: { kind: "turn" } } });
    expect(server.scheduler.explain("big", 0)).toMatchObject({ value: { position: 1, reason: { kind: "capacity" } } });
  });
});

describe("what a restart must know", () => {
  it("forgets nodes in which nothing waits or runs", () => {
    const names = Array.from({ length: 500 }, (_, n) => `o${n}`);
    const server = new TestServer(
      Object.fromEntries(
        names.flatMap((o) => [
          [o, {}],
          [`${o}/w`, {}],
          [`${o}/w/p`, {}],
        ]),
      ),
    );
    for (const o of names) server.add(`task of ${o}`, `${o}/w/p`);
    expect(playInTurn(server)).toHaveLength(500);
    expect(server.scheduler.state().shares.length).toBeLessThan(200);
    const { gone } = server.scheduler.takeChanges();
    expect(gone.length).toBeGreaterThan(1300);
  });

  it("forgets them also while others always have work", () => {
    const names = Array.from({ length: 300 }, (_, n) => `o${n}`);
    const server = new TestServer({
      ...two,
      ...Object.fromEntries(names.flatMap((o) => [o, `${o}/w`, `${o}/w/p`].map((path) => [path, {}]))),
    });
    for (let n = 0; n < 400; n++) server.add(`b${n}`, "b/w/p");
    for (const o of names) {
      server.add(`task of ${o}`, `${o}/w/p`);
      expect(playInTurn(server, 2)).toContain(`task of ${o}`);
    }
    expect(server.scheduler.state().shares.length).toBeLessThan(200);
  });

  it("tells of nodes that were forgotten only that they are gone", () => {
    const orgs = Array.from({ length: 12 }, (_, n) => `o${n}`);
    const server = new TestServer(
      Object.fromEntries(orgs.flatMap((o) => [o, `${o}/w`, `${o}/w/p`].map((path) => [path, {}]))),
      { capacity: { cpu: 12, memory: 12 } },
    );
    for (const o of orgs) server.add(o, `${o}/w/p`);
    for (const id of server.startAll()) server.scheduler.ended(id, 5000);
    const { changed, gone } = server.scheduler.takeChanges();
    expect(gone).toHaveLength(36);
    expect(changed.filter(({ path }) => path.length > 1)).toEqual([]);
  });

  it("tells which rows changed, each once", () => {
    const server = new TestServer(two);
    server.add("a1", "a/w/p");
    server.scheduler.takeChanges();
    server.startAll();
    const { changed } = server.scheduler.takeChanges();
    expect(changed.map(({ path }) => path.join(" ")).toSorted()).toContain("normal a a/w a/w/p");
    expect(server.scheduler.takeChanges().changed).toEqual([]);
  });
});
