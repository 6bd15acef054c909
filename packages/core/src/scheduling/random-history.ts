import fc from "fast-check";
import type { Vector } from "../quota/amounts.ts";
import { bandNames, type Band } from "./bands.ts";
import type { FairScheduler } from "./fair-scheduler.ts";
import type { Amounts } from "./test-server.ts";
import { limits, vector } from "./test-server.ts";

/** What a history does to a scheduler. Numbers named `which` and `node` pick among what is there, whatever it is. */
export type Step =
  | {
      readonly do: "enqueue";
      readonly node: number;
      readonly band: Band;
      readonly demand: number;
      readonly expectedMs: number;
      readonly isOrdered: boolean;
      readonly after: readonly number[];
      /** Whether its number is smaller than those before, as of a task that comes late. */
      readonly isLate: boolean;
    }
  | { readonly do: "next" }
  | { readonly do: "startAll" }
  | { readonly do: "end"; readonly which: number; readonly factor: number | null }
  | { readonly do: "remove"; readonly which: number }
  | { readonly do: "suspend"; readonly which: number; readonly isSuspended: boolean }
  | { readonly do: "band"; readonly which: number; readonly band: Band }
  | { readonly do: "weight"; readonly node: number; readonly weight: number }
  | { readonly do: "limit"; readonly node: number; readonly cpu: number; readonly memory: number }
  | { readonly do: "putBack"; readonly which: number }
  | { readonly do: "demand"; readonly which: number; readonly demand: number }
  | { readonly do: "move"; readonly node: number; readonly to: number }
  | { readonly do: "removeNode"; readonly node: number }
  | { readonly do: "wait"; readonly ms: number };

export interface History {
  /** Limits by path below the server, parents first. */
  readonly nodes: Readonly<Record<string, Amounts>>;
  readonly demands: readonly Amounts[];
  readonly steps: readonly Step[];
}

/** What a history is played on. */
export type Played = Pick<
  FairScheduler,
  | "enqueue"
  | "next"
  | "ended"
  | "putBack"
  | "remove"
  | "setSuspended"
  | "setBand"
  | "setDemand"
  | "setWeight"
  | "setLimit"
  | "moveNode"
  | "removeNode"
>;

const which = fc.nat({ max: 999 });
const band = fc.constantFrom(...bandNames);
const weight = fc.constantFrom(0.3, 0.5, 1, 1, 2, 3, 7);
const factor = fc.constantFrom(null, null, 0, 0.1, 1, 3, 20);
const ms = fc.constantFrom(0, 1, 500, 4000, 9000, 60_000, -5000, 1e9);

const stepOf = {
  enqueue: fc.record({
    do: fc.constant("enqueue" as const),
    node: which,
    band,
    demand: which,
    expectedMs: fc.constantFrom(0, 1, 3, 10, 100, 333, 1000, 1000, 1000, 7000),
    isOrdered: fc.integer({ min: 0, max: 3 }).map((n) => n === 0),
    after: fc.oneof(
      { weight: 5, arbitrary: fc.constant([]) },
      { weight: 1, arbitrary: fc.array(which, { maxLength: 3 }) },
    ),
    isLate: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
  }),
  next: fc.constant({ do: "next" } as const),
  startAll: fc.constant({ do: "startAll" } as const),
  end: fc.record({ do: fc.constant("end" as const), which, factor }),
  remove: fc.record({ do: fc.constant("remove" as const), which }),
  suspend: fc.record({ do: fc.constant("suspend" as const), which, isSuspended: fc.boolean() }),
  band: fc.record({ do: fc.constant("band" as const), which, band }),
  weight: fc.record({ do: fc.constant("weight" as const), node: which, weight }),
  limit: fc.record({
    do: fc.constant("limit" as const),
    node: which,
    cpu: fc.integer({ min: 0, max: 10 }),
    memory: fc.integer({ min: 0, max: 10 }),
  }),
  putBack: fc.record({ do: fc.constant("putBack" as const), which }),
  demand: fc.record({ do: fc.constant("demand" as const), which, demand: which }),
  move: fc.record({ do: fc.constant("move" as const), node: which, to: which }),
  removeNode: fc.record({ do: fc.constant("removeNode" as const), node: which }),
  wait: fc.record({ do: fc.constant("wait" as const), ms }),
} as const;

const often: Readonly<Record<keyof typeof stepOf, number>> = {
  enqueue: 12,
  next: 8,
  startAll: 2,
  end: 6,
  remove: 1,
  suspend: 1,
  band: 1,
  weight: 1,
  limit: 1,
  putBack: 2,
  demand: 1,
  move: 1,
  removeNode: 1,
  wait: 2,
};

const limit: fc.Arbitrary<Amounts> = fc.oneof(
  { weight: 3, arbitrary: fc.constant({}) },
  { weight: 1, arbitrary: fc.record({ cpu: fc.integer({ min: 1, max: 6 }) }) },
  { weight: 1, arbitrary: fc.record({ memory: fc.integer({ min: 1, max: 6 }) }) },
);

const nodes = fc
  .tuple(fc.constantFrom(1, 2, 2, 3, 3, 12), fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 2 }))
  .map(([orgs, workspaces, projects]) => {
    const paths: string[] = [];
    for (const org of [..."abcdefghijkl"].slice(0, orgs)) {
      paths.push(org);
      for (const workspace of ["w", "x"].slice(0, workspaces)) {
        paths.push(`${org}/${workspace}`);
        for (const project of ["p", "q"].slice(0, projects)) paths.push(`${org}/${workspace}/${project}`);
      }
    }
    return paths;
  })
  .chain((paths) =>
    fc
      .tuple(...paths.map(() => limit))
      .map((amounts) => Object.fromEntries(paths.map((path, i) => [path, amounts[i] ?? {}]))),
  );

const amount = fc.integer({ min: 0, max: 8 });
const demands: fc.Arbitrary<Amounts[]> = fc.array(fc.record({ cpu: amount, memory: amount }), {
  minLength: 1,
  maxLength: 4,
});

interface HistoryOptions {
  /** Kinds of steps that do not happen. */
  readonly without?: readonly Step["do"][];
  readonly maxLength?: number;
  /** Many ordered tasks. */
  readonly isOrderMixed?: boolean;
  /** Kinds of steps that happen far more often than elsewhere. */
  readonly oftener?: readonly Step["do"][];
}

/** Histories of a few orgs on one server. */
export function histories({
  without = [],
  maxLength = 120,
  isOrderMixed = false,
  oftener = [],
}: HistoryOptions = {}): fc.Arbitrary<History> {
  const kinds = (Object.keys(stepOf) as Step["do"][]).filter((kind) => !without.includes(kind));
  const oftenOf = (kind: Step["do"]) => (oftener.includes(kind) ? 5 : often[kind]);
  const step = fc
    .oneof(...kinds.map((kind) => ({ weight: oftenOf(kind), arbitrary: stepOf[kind] as fc.Arbitrary<Step> })))
    .map((one) => (isOrderMixed && one.do === "enqueue" ? { ...one, isOrdered: one.demand % 4 > 0 } : one));
  return fc.record({ nodes, demands, steps: fc.array(step, { minLength: 5, maxLength, size: "max" }) });
}

/** Plays steps on a scheduler. What it answered decides what later steps pick. */
export class Player {
  scheduler: Played;
  nowMs = 0;
  readonly waiting: string[] = [];
  readonly running: { readonly id: string; readonly expectedMs: number }[] = [];
  readonly #paths: readonly string[];
  readonly #demands: readonly Amounts[];
  #count = 0;

  constructor({ nodes: tree, demands: amounts }: History, scheduler: Played) {
    this.scheduler = scheduler;
    this.#paths = Object.keys(tree);
    this.#demands = amounts;
  }

  /** Does one step, and tells what came of it. */
  play(step: Step): string {
    switch (step.do) {
      case "enqueue":
        return this.#enqueue(step);
      case "next":
        return `next ${this.#next() ?? "nothing"}`;
      case "startAll": {
        const started: string[] = [];
        for (let id = this.#next(); id !== undefined; id = this.#next()) started.push(id);
        return `startAll ${started.join(" ")}`;
      }
      case "end": {
        const run = pick(this.running, step.which);
        if (run === undefined) return "end nothing";
        this.running.splice(this.running.indexOf(run), 1);
        const durationMs = step.factor === null ? undefined : run.expectedMs * step.factor;
        return `end ${run.id} ${this.scheduler.ended(run.id, durationMs)}`;
      }
      case "remove": {
        const id = pick(this.waiting, step.which);
        if (id === undefined) return "remove nothing";
        this.waiting.splice(this.waiting.indexOf(id), 1);
        return `remove ${id} ${this.scheduler.remove(id)}`;
      }
      case "suspend": {
        const id = pick(this.waiting, step.which) ?? "none";
        return `suspend ${id} ${this.scheduler.setSuspended(id, step.isSuspended)}`;
      }
      case "band": {
        const id = pick(this.waiting, step.which) ?? "none";
        return `band ${id} ${this.scheduler.setBand(id, step.band)}`;
      }
      case "weight":
        return `weight ${this.scheduler.setWeight(pick(this.#paths, step.node) ?? "", step.weight).ok}`;
      case "limit": {
        const nodeId = pick(["server", ...this.#paths], step.node) ?? "";
        return `limit ${this.scheduler.setLimit(nodeId, limits({ cpu: step.cpu, memory: step.memory })).ok}`;
      }
      case "putBack": {
        const run = pick(this.running, step.which);
        if (run === undefined) return "putBack nothing";
        this.running.splice(this.running.indexOf(run), 1);
        this.waiting.push(run.id);
        return `putBack ${run.id} ${this.scheduler.putBack(run.id)}`;
      }
      case "demand": {
        const id = pick(this.waiting, step.which) ?? "none";
        return `demand ${id} ${this.scheduler.setDemand(id, this.#demand(step.demand)).ok}`;
      }
      case "move": {
        const [id, to] = [pick(this.#paths, step.node) ?? "", pick(["server", ...this.#paths], step.to) ?? ""];
        return `move ${id} to ${to} ${this.scheduler.moveNode(id, to).ok}`;
      }
      case "removeNode": {
        const id = pick(this.#paths, step.node) ?? "";
        return `removeNode ${id} ${this.scheduler.removeNode(id).ok}`;
      }
      case "wait":
        this.nowMs += step.ms;
        return "wait";
    }
  }

  #next(): string | undefined {
    const next = this.scheduler.next(this.nowMs);
    if (next === undefined) return undefined;
    this.waiting.splice(this.waiting.indexOf(next.id), 1);
    this.running.push(next);
    return next.id;
  }

  #demand(which: number): Vector {
    return vector(pick(this.#demands, which) ?? {});
  }

  #enqueue(step: Extract<Step, { readonly do: "enqueue" }>): string {
    const count = ++this.#count;
    const id = `t${count}`;
    const known = [...this.waiting, ...this.running.map((run) => run.id)];
    const { ok } = this.scheduler.enqueue({
      id,
      nodeId: pick(this.#paths, step.node) ?? "",
      band: step.band,
      seq: step.isLate ? -count : count,
      demand: this.#demand(step.demand),
      expectedMs: step.expectedMs,
      isOrdered: step.isOrdered,
      after: step.after.flatMap((index) => pick(known, index) ?? []),
    });
    if (ok) this.waiting.push(id);
    return `enqueue ${id} ${ok}`;
  }
}

function pick<T>(all: readonly T[], index: number): T | undefined {
  return all[index % all.length];
}
