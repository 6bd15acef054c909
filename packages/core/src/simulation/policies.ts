import { ResourceList, type Vector } from "../quota/amounts.ts";
import { QuotaTree } from "../quota/quota-tree.ts";
import { bandNames } from "../scheduling/bands.ts";
import { FairScheduler } from "../scheduling/fair-scheduler.ts";
import type { Arrival, Tenant } from "./workload.ts";

/** What a simulated server offers. */
export interface Capacity {
  readonly cpu: number;
  readonly memory: number;
}

/** A way to decide what starts next. It keeps count of what runs. */
export interface Policy {
  add(task: Arrival): void;
  /** Starts the next task, if one may start now. */
  next(nowMs: number): Arrival | undefined;
  ended(task: Arrival): void;
}

export type MakePolicy = (capacity: Capacity, tenants: readonly Tenant[]) => Policy;

/** The policies that a simulation compares, by name. */
export const policies: Readonly<Record<string, MakePolicy>> = {
  "first in, first out": (capacity) => new InLine(capacity, () => 0),
  "strict priority": (capacity) => new InLine(capacity, ({ tenant }) => bandNames.indexOf(tenant.band)),
  "round robin": (capacity) => new RoundRobin(capacity),
  "fair shares": (capacity, tenants) => new FairShares(capacity, tenants),
};

class Room {
  #cpu: number;
  #memory: number;

  constructor({ cpu, memory }: Capacity) {
    this.#cpu = cpu;
    this.#memory = memory;
  }

  take({ tenant: { demand } }: Arrival): boolean {
    if (demand.cpu > this.#cpu || demand.memory > this.#memory) return false;
    this.#cpu -= demand.cpu;
    this.#memory -= demand.memory;
    return true;
  }

  give({ tenant: { demand } }: Arrival): void {
    this.#cpu += demand.cpu;
    this.#memory += demand.memory;
  }
}

/** Lines by rank; the first of the first line that is not empty starts, or nobody does. */
class InLine implements Policy {
  readonly #room: Room;
  readonly #rankOf: (task: Arrival) => number;
  readonly #lines: Arrival[][] = bandNames.map(() => []);
  readonly #taken = bandNames.map(() => 0);

  constructor(capacity: Capacity, rankOf: (task: Arrival) => number) {
    this.#room = new Room(capacity);
    this.#rankOf = rankOf;
  }

  add(task: Arrival): void {
    this.#lines[this.#rankOf(task)]?.push(task);
  }

  next(): Arrival | undefined {
    for (const [rank, line] of this.#lines.entries()) {
      const first = line[this.#taken[rank] ?? 0];
      if (first === undefined) continue;
      if (!this.#room.take(first)) return undefined;
      this.#taken[rank] = (this.#taken[rank] ?? 0) + 1;
      return first;
    }
    return undefined;
  }

  ended(task: Arrival): void {
    this.#room.give(task);
  }
}

/** One line for each project, each of which starts one task in its turn. */
class RoundRobin implements Policy {
  readonly #room: Room;
  readonly #lines = new Map<string, Arrival[]>();

  constructor(capacity: Capacity) {
    this.#room = new Room(capacity);
  }

  add(task: Arrival): void {
    const key = `${task.tenant.name} ${task.project}`;
    const line = this.#lines.get(key);
    if (line) line.push(task);
    else this.#lines.set(key, [task]);
  }

  next(): Arrival | undefined {
    for (const [key, line] of this.#lines) {
      const [first] = line;
      if (first === undefined || !this.#room.take(first)) continue;
      line.shift();
      // To the end of the turn.
      this.#lines.delete(key);
      if (line.length > 0) this.#lines.set(key, line);
      return first;
    }
    return undefined;
  }

  ended(task: Arrival): void {
    this.#room.give(task);
  }
}

/** The scheduler of this package; each tenant is an org with one workspace. It knows no durations beforehand. */
class FairShares implements Policy {
  readonly #scheduler: FairScheduler;
  readonly #demands = new Map<Tenant, Vector>();
  readonly #tasks = new Map<string, Arrival>();
  #nextSeq = 0;

  constructor(capacity: Capacity, tenants: readonly Tenant[]) {
    const resources = new ResourceList(["cpu", "memory"]);
    const quotas = new QuotaTree();
    const none = valueOf(resources.limits({}));
    quotas.add("server", null, valueOf(resources.limits({ cpu: capacity.cpu, memory: capacity.memory })));
    for (const { name, projects } of tenants) {
      quotas.add(name, "server", none);
      quotas.add(`${name}/workspace`, name, none);
      for (let n = 0; n < projects; n++) quotas.add(`${name}/workspace/${n}`, `${name}/workspace`, none);
    }
    this.#scheduler = new FairScheduler({ quotas, serverId: "server" });
    for (const tenant of tenants) {
      this.#scheduler.setWeight(tenant.name, tenant.weight);
      this.#demands.set(tenant, valueOf(resources.vector(tenant.demand)));
    }
  }

  add(task: Arrival): void {
    const { id, tenant, project } = task;
    this.#tasks.set(id, task);
    const demand = this.#demands.get(tenant) as Vector;
    const nodeId = `${tenant.name}/workspace/${project}`;
    const added = this.#scheduler.enqueue({
      id,
      nodeId,
      band: tenant.band,
      seq: this.#nextSeq++,
      demand,
      expectedMs: guessedMs,
      isOrdered: false,
    });
    if (!added.ok) throw new Error(added.error.message);
  }

  next(nowMs: number): Arrival | undefined {
    const started = this.#scheduler.next(nowMs);
    return started && this.#tasks.get(started.id);
  }

  ended({ id, durationMs }: Arrival): void {
    this.#tasks.delete(id);
    this.#scheduler.ended(id, durationMs);
  }
}

/** What a task is taken to run for until it has ended. */
const guessedMs = 5000;

function valueOf<T>(result: { readonly ok: true; readonly value: T } | { readonly ok: false }): T {
  if (!result.ok) throw new Error("the simulated tenants have amounts that are none");
  return result.value;
}
