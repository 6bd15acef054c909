import fc from "fast-check";
import { expect, it } from "vitest";
import type { Vector } from "../quota/amounts.ts";
import { histories, Player, type History } from "./random-history.ts";
import { SlowScheduler } from "./slow-scheduler.ts";
import { limits, TestServer, type Amounts } from "./test-server.ts";

const weights = fc.array(fc.constantFrom(0.5, 1, 1, 2, 3, 10), { minLength: 30, maxLength: 30 });

/** Two siblings since both became backlogged and not parked: how far one was ahead of the other, in charged cost by weight. */
interface Pair {
  ahead: number;
  least: number;
  most: number;
  /**
   * What one was charged while the other had nothing that fits the server, and for a task that room was kept for; at the
   * beginning, what one is owed because others passed it.
   */
  excused: number;
}

interface Situation {
  readonly open: ReadonlySet<string>;
  readonly fitting: ReadonlySet<string>;
  readonly owed: ReadonlyMap<string, number>;
  readonly isKept: boolean;
}

function newPair(owed: ReadonlyMap<string, number>, first: string, second: string): Pair {
  return { ahead: 0, least: 0, most: 0, excused: (owed.get(first) ?? 0) + (owed.get(second) ?? 0) };
}

/** Watches the charges at every level of the tree, and which pairs of siblings are backlogged and not parked. */
class FairnessWatch {
  readonly server: TestServer;
  readonly #slow: SlowScheduler;
  readonly #pairs = new Map<string, Pair>();
  readonly #largest = new Map<string, number>();
  readonly #weightOf: (id: string) => number;
  /** Bounds that were checked after both of a pair had been served. */
  checks = 0;

  constructor(history: History, weight: readonly number[]) {
    this.server = new TestServer(history.nodes);
    const limits = new Map<string, Vector>();
    for (const { id } of this.server.quotas.nodes())
      limits.set(id, this.server.quotas.find(id)?.limit.slice() as Vector);
    this.#slow = new SlowScheduler(limits, 30_000);
    const ids = Object.keys(history.nodes);
    this.#weightOf = (id) => (ids.includes(id) ? (weight[ids.indexOf(id)] ?? 1) : 1);
    for (const id of ids) for (const one of [this.server.scheduler, this.#slow]) one.setWeight(id, this.#weightOf(id));
  }

  play(history: History): void {
    const real = new Player(history, this.server.scheduler);
    const model = new Player(history, this.#slow);
    for (const step of history.steps) {
      const open = this.#open();
      const fitting = this.#slow.fitting();
      const owed = this.#owed();
      const kept = this.server.scheduler.state().patience;
      const before = real.running.length;
      real.play(step);
      model.play(step);
      const started = step.do === "next" && real.running.length > before ? real.running.at(-1)?.id : undefined;
      if (started !== undefined) this.#count(started, { open, fitting, owed, isKept: kept?.taskId === started });
      const stillOpen = this.#open();
      for (const key of this.#pairs.keys()) {
        if (!key.split("|").every((one) => stillOpen.has(one))) this.#pairs.delete(key);
      }
    }
  }

  #open(): Set<string> {
    return new Set([...this.#slow.shares].filter(([, { isOpen }]) => isOpen).map(([key]) => key));
  }

  /** What a node that was passed is behind the virtual time: it may catch up. */
  #owed(): Map<string, number> {
    const shares = [...this.#slow.shares].filter(([key]) => key !== "");
    const virtual = (key: string) => this.#slow.shares.get(key.slice(0, key.lastIndexOf(">")))?.virtual ?? 0;
    return new Map(shares.map(([key, { tag }]) => [key, Math.max(0, virtual(key) - tag)]));
  }

  #count(id: string, now: Situation): void {
    const task = this.server.scheduler.state().tasks.find((other) => other.id === id);
    if (!task?.run) throw new Error(`${id} does not run`);
    for (const key of keysOf(task.band, task.nodeId)) {
      const parent = key.slice(0, key.lastIndexOf(">"));
      const weight = parent === "" ? task.run.bandWeight : this.#weightOf(key.slice(key.lastIndexOf(">") + 1));
      const charge = task.run.cost / weight;
      this.#largest.set(key, Math.max(charge, this.#largest.get(key) ?? 0));
      for (const sibling of now.open) {
        if (sibling === key || sibling === "" || sibling.slice(0, sibling.lastIndexOf(">")) !== parent) continue;
        const [first, second] = key < sibling ? [key, sibling] : [sibling, key];
        let pair = this.#pairs.get(`${first}|${second}`);
        if (!pair) this.#pairs.set(`${first}|${second}`, (pair = newPair(now.owed, first, second)));
        pair.ahead += key === first ? charge : -charge;
        pair.least = Math.min(pair.least, pair.ahead);
        pair.most = Math.max(pair.most, pair.ahead);
        if (now.isKept || !now.fitting.has(sibling)) pair.excused += charge;
        const bound = (this.#largest.get(first) ?? 0) + (this.#largest.get(second) ?? 0) + pair.excused;
        // Charges are counted in whole steps.
        if (pair.most - pair.least > bound + 0.001) {
          expect.fail(`${first} and ${second} differ by ${pair.most - pair.least}, more than ${bound}`);
        }
        if (this.#largest.has(first) && this.#largest.has(second)) this.checks++;
      }
    }
  }
}

const changes = ["limit", "weight", "suspend", "band", "demand", "remove", "putBack", "move", "removeNode"] as const;
const steady = histories({ without: [...changes, "startAll"], maxLength: 200 }).map((history) => ({
  ...history,
  steps: history.steps.map((step) => (step.do === "end" ? { ...step, factor: null } : step)),
}));

it("keeps any two that are backlogged and not parked within one task of each, over every interval, at every level", () => {
  let checks = 0;
  fc.assert(
    fc.property(steady, weights, (history, weight) => {
      const same = { ...history, demands: [{ cpu: 1, memory: 1 }] };
      const watch = new FairnessWatch(same, weight);
      watch.play(same);
      checks += watch.checks;
    }),
    { seed: 81, numRuns: 100 },
  );
  expect(checks).toBeGreaterThan(1000);
});

it("keeps to the same bound with tasks of all sizes, but for what passed one that had no room", () => {
  let checks = 0;
  fc.assert(
    fc.property(steady, weights, (history, weight) => {
      const watch = new FairnessWatch(history, weight);
      watch.play(history);
      checks += watch.checks;
    }),
    { seed: 82, numRuns: 100 },
  );
  expect(checks).toBeGreaterThan(1000);
});

interface Flow {
  readonly weight: number;
  readonly expectedMs: number;
  readonly cpu: number;
}
const flow: fc.Arbitrary<Flow> = fc.record({
  weight: fc.constantFrom(0.5, 1, 2, 3, 7),
  expectedMs: fc.constantFrom(10, 100, 250, 1000),
  cpu: fc.integer({ min: 1, max: 8 }),
});

const three: Readonly<Record<string, Amounts>> = Object.fromEntries(
  ["a", "b", "c"].flatMap((org) => [org, `${org}/w`, `${org}/w/p`].map((path) => [path, {}])),
);

/** Orgs of one project each, `o0`, `o1`, …, of which each has `tasks` tasks. */
function orgs(flows: readonly Flow[], tasks: number): TestServer {
  const nodes: Record<string, Amounts> = {};
  for (const i of flows.keys()) Object.assign(nodes, { [`o${i}`]: {}, [`o${i}/w`]: {}, [`o${i}/w/p`]: {} });
  const server = new TestServer(nodes);
  for (const [i, { weight, expectedMs, cpu }] of flows.entries()) {
    server.scheduler.setWeight(`o${i}`, weight);
    for (let n = 0; n < tasks; n++) server.add(`o${i} ${n}`, `o${i}/w/p`, { expectedMs, demand: { cpu, memory: 0 } });
  }
  return server;
}

/** Runs one task after the other, and tells whose they were. */
function inTurn({ scheduler }: TestServer, most: number): string[] {
  const owners: string[] = [];
  while (owners.length < most) {
    const next = scheduler.next(0);
    if (!next) break;
    owners.push(next.id.split(" ")[0] as string);
    scheduler.ended(next.id);
  }
  return owners;
}

function chargeOf({ weight, expectedMs, cpu }: Flow): number {
  return ((cpu / 8) * expectedMs) / weight;
}

it("starts between two tasks of one no more of another than its weight is worth, and one", () => {
  fc.assert(
    fc.property(fc.array(flow, { minLength: 2, maxLength: 6 }), (flows) => {
      const owners = inTurn(orgs(flows, 60), 60);
      for (const [i, one] of flows.entries()) {
        for (const [j, other] of flows.entries()) {
          if (i === j) continue;
          const most = Math.floor(chargeOf(one) / chargeOf(other) + 1e-6) + 1;
          let between = 0;
          let hasStarted = false;
          for (const owner of owners) {
            if (owner === `o${j}` && hasStarted) between++;
            if (owner !== `o${i}`) continue;
            expect(between).toBeLessThanOrEqual(most);
            between = 0;
            hasStarted = true;
          }
        }
      }
    }),
    { seed: 83, numRuns: 100 },
  );
});

it("starts the first task of one that comes after at most one of each other", () => {
  fc.assert(
    fc.property(fc.array(flow, { minLength: 2, maxLength: 8 }), fc.nat(40), flow, (flows, played, newcomer) => {
      const server = orgs(
        [...flows, newcomer].map((one, i) => (i < flows.length ? one : newcomer)),
        60,
      );
      const last = `o${flows.length}`;
      for (let n = 0; n < 60; n++) server.scheduler.remove(`${last} ${n}`);
      inTurn(server, played);
      server.add(`${last} late`, `${last}/w/p`, { demand: { cpu: newcomer.cpu, memory: 0 } });
      const owners = inTurn(server, flows.length + 1);
      const before = owners.slice(0, owners.indexOf(last));
      expect(owners).toContain(last);
      expect(new Set(before).size).toBe(before.length);
    }),
    { seed: 84, numRuns: 100 },
  );
});

it("gives who has a larger weight never less", () => {
  fc.assert(
    fc.property(fc.array(flow, { minLength: 2, maxLength: 5 }), fc.integer({ min: 1, max: 60 }), (flows, played) => {
      const count = (weight: number) => {
        const [first, ...others] = flows as [Flow, ...Flow[]];
        return inTurn(orgs([{ ...first, weight: weight as Flow["weight"] }, ...others], 60), played).filter(
          (owner) => owner === "o0",
        ).length;
      };
      const counts = [0.5, 1, 1.5, 2, 5, 20].map(count);
      expect(counts).toEqual(counts.toSorted((a, b) => a - b));
    }),
    { seed: 85, numRuns: 50 },
  );
});

it("keeps a light one's waits the same, however much an elephant has waiting", () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { minLength: 10, maxLength: 30 }), flow, (comes, elephant) => {
      const waits = (elephants: number) => {
        const server = orgs([elephant, { ...elephant, weight: 1, expectedMs: 10 }], 0);
        for (let n = 0; n < elephants; n++) {
          server.add(`o0 ${n}`, "o0/w/p", { expectedMs: elephant.expectedMs, demand: { cpu: elephant.cpu } });
        }
        return comes.flatMap((isComing, n) => {
          if (isComing) server.add(`o1 ${n}`, "o1/w/p", { expectedMs: 10, demand: { cpu: 1 } });
          return inTurn(server, 1);
        });
      };
      const few = waits(comes.length);
      expect(waits(400)).toEqual(few);
      // Each is started at once, or after the one task of the elephant whose turn it was.
      const waiting = comes.map(
        (_, n) => comes.slice(0, n + 1).filter(Boolean).length - few.slice(0, n + 1).filter((o) => o === "o1").length,
      );
      if (elephant.expectedMs >= 100 && elephant.weight <= 1) expect(Math.max(...waiting)).toBeLessThanOrEqual(1);
    }),
    { seed: 86, numRuns: 30 },
  );
});

it("gives a node the same turns, however what is below it is split", () => {
  const split = fc.array(fc.tuple(fc.nat(3), fc.nat(3)), { minLength: 40, maxLength: 40 });
  fc.assert(
    fc.property(split, fc.constantFrom(0.5, 1, 3), fc.integer({ min: 1, max: 80 }), (places, weight, played) => {
      const turns = (isSplit: boolean) => {
        const nodes: Record<string, Amounts> = { a: {}, b: {}, "b/w": {}, "b/w/p": {} };
        for (const w of [0, 1, 2, 3]) {
          nodes[`a/w${w}`] = {};
          for (const p of [0, 1, 2, 3]) nodes[`a/w${w}/p${p}`] = {};
        }
        const server = new TestServer(nodes);
        server.scheduler.setWeight("a", weight);
        for (const [n, [w, p]] of places.entries()) {
          server.add(`a ${n}`, isSplit ? `a/w${w}/p${p}` : "a/w0/p0");
          server.add(`b ${n}`, "b/w/p");
        }
        return inTurn(server, played);
      };
      expect(turns(true)).toEqual(turns(false));
    }),
    { seed: 87, numRuns: 50 },
  );
});

/** What a second org may have in the urgent band that does not run and could not. */
const idle = {
  nothing: () => {},
  "a task that is set aside": (server: TestServer) => {
    server.add("idle", "c/w/p", { band: "urgent" });
    server.scheduler.setSuspended("idle", true);
  },
  "a task that a limit holds back": (server: TestServer) => {
    server.add("idle", "c/w/p", { band: "urgent" });
    server.scheduler.setLimit("c", limits({ cpu: 0 }));
  },
  "a task behind one that is set aside": (server: TestServer) => {
    server.add("first", "c/w/p", { band: "low", isOrdered: true });
    server.scheduler.setSuspended("first", true);
    server.add("idle", "c/w/p", { band: "urgent", isOrdered: true });
  },
  "a task that waits for one that is set aside": (server: TestServer) => {
    server.add("first", "c/w/p", { band: "low" });
    server.scheduler.setSuspended("first", true);
    server.add("idle", "c/w/p", { band: "urgent", after: ["first"] });
  },
};

it.each(Object.entries(idle))(
  "bounds what one org gets by marking everything urgent, beside %s of another",
  (_, add) => {
    const bands = ["high", "normal", "low"] as const;
    const weightOf = { high: 30, normal: 15, low: 5 };
    fc.assert(
      fc.property(fc.subarray([...bands], { minLength: 1 }), fc.integer({ min: 20, max: 150 }), (others, played) => {
        const server = new TestServer(three);
        add(server);
        for (let n = 0; n < played; n++) {
          server.add(`urgent ${n}`, "a/w/p", { band: "urgent" });
          for (const band of others) server.add(`${band} ${n}`, "b/w/p", { band });
        }
        const urgent = inTurn(server, played).filter((owner) => owner === "urgent").length;
        const rest = others.reduce((sum, band) => sum + weightOf[band], 0);
        // Half of the guarantee of 50 while it is alone there, and a task of each band for the order of turns.
        expect(urgent).toBeLessThanOrEqual((played * 25) / (25 + rest) + 1 + others.length);
        expect(urgent).toBeGreaterThanOrEqual((played * 25) / (25 + rest) - 1 - others.length * (25 / 5));
      }),
      { seed: 88, numRuns: 60 },
    );
  },
);

it("counts another org in a band while it could start something there or runs something", () => {
  const server = new TestServer(three);
  const bandWeightOf = (id: string) => {
    server.add(id, "a/w/p", { band: "urgent" });
    expect(server.scheduler.next(0)?.id).toBe(id);
    const weight = server.scheduler.runOf(id)?.bandWeight;
    server.scheduler.ended(id);
    return weight;
  };
  expect(bandWeightOf("alone")).toBe(25);
  server.add("other", "b/w/p", { band: "urgent", expectedMs: 100_000 });
  expect(bandWeightOf("beside one that could start")).toBe(50);
  expect(server.startAll()).toEqual(["other"]);
  expect(bandWeightOf("beside one that runs")).toBe(50);
  server.scheduler.ended("other");
  expect(bandWeightOf("alone again")).toBe(25);
});

function keysOf(band: string, nodeId: string): string[] {
  const parts = nodeId.split("/");
  const ids = [band, ...parts.map((_, i) => parts.slice(0, i + 1).join("/"))];
  while (ids.length < 4) ids.push(`${ids.at(-1)}/`);
  return ids.map((_, i) => `>${ids.slice(0, i + 1).join(">")}`);
}
