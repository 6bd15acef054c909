import { ResourceList, type Vector } from "../quota/amounts.ts";
import { QuotaTree, type QuotaNode } from "../quota/quota-tree.ts";
import type { Band } from "./bands.ts";
import { FairScheduler } from "./fair-scheduler.ts";
import type { SchedulerOptions, WaitingTask } from "./scheduler.ts";

const resources = new ResourceList(["cpu", "memory"] as const);
export type Amounts = Parameters<typeof resources.limits>[0];

/** A server in memory for tests of the scheduler: 8 cores and 8 GiB, with a tree as the test writes it. */
export class TestServer {
  readonly quotas = new QuotaTree();
  readonly options: SchedulerOptions;
  scheduler: FairScheduler;
  #nextSeq = 1;

  /** @param nodes each by its path below the server, like `acme/shop/web`, with its limits */
  constructor(
    nodes: Readonly<Record<string, Amounts>>,
    options: Partial<SchedulerOptions> & { capacity?: Amounts } = {},
  ) {
    const { capacity = { cpu: 8, memory: 8 }, ...rest } = options;
    this.quotas.add("server", null, limits(capacity));
    for (const [path, amounts] of Object.entries(nodes)) {
      const ids = path.split("/");
      this.quotas.add(path, ids.slice(0, -1).join("/") || "server", limits(amounts));
    }
    this.options = { quotas: this.quotas, serverId: "server", isStored: true, ...rest };
    this.scheduler = new FairScheduler(this.options);
  }

  task(
    id: string,
    nodeId: string,
    rest: Partial<Omit<WaitingTask, "demand">> & { demand?: Amounts } = {},
  ): WaitingTask {
    const { demand = { cpu: 1, memory: 1 }, ...others } = rest;
    return {
      id,
      nodeId,
      band: "normal" as Band,
      seq: this.#nextSeq++,
      demand: vector(demand),
      expectedMs: 1000,
      isOrdered: false,
      ...others,
    };
  }

  add(id: string, nodeId: string, rest: Parameters<TestServer["task"]>[2] = {}): void {
    const added = this.scheduler.enqueue(this.task(id, nodeId, rest));
    if (!added.ok) throw new Error(added.error.message);
  }

  /** Starts whatever may start now. */
  startAll(nowMs = 0): string[] {
    const started: string[] = [];
    for (let next = this.scheduler.next(nowMs); next; next = this.scheduler.next(nowMs)) started.push(next.id);
    return started;
  }

  /** The same limits with nothing held, and a server whose scheduler knows only what this one's state says. */
  restart(): FairScheduler {
    return this.restarted().scheduler;
  }

  restarted(): TestServer {
    const other = new TestServer({}, this.options);
    const quotas = new QuotaTree();
    const copy = (node: QuotaNode) => {
      if (quotas.find(node.id)) return;
      if (node.parent) copy(node.parent);
      quotas.add(node.id, node.parent?.id ?? null, node.limit);
    };
    for (const node of this.quotas.nodes()) copy(node);
    const options = { ...this.options, quotas };
    const scheduler = FairScheduler.restore(options, structuredClone(this.scheduler.state()));
    return Object.assign(other, { quotas, options, scheduler });
  }
}

export function vector(amounts: Amounts): Vector {
  const read = resources.vector(amounts);
  if (!read.ok) throw new Error(read.error.message);
  return read.value;
}

export function limits(amounts: Amounts): Vector {
  const read = resources.limits(amounts);
  if (!read.ok) throw new Error(read.error.message);
  return read.value;
}
