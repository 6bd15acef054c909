import { ResourceList, type Vector } from "@quarterdeck/core/quota/amounts";
import { QuotaTree } from "@quarterdeck/core/quota/quota-tree";
import { bandNames } from "@quarterdeck/core/scheduling/bands";
import { FairScheduler } from "@quarterdeck/core/scheduling/fair-scheduler";
import type { WaitingTask } from "@quarterdeck/core/scheduling/scheduler";

const resources = new ResourceList(["cpu", "memory", "disk", "bandwidth", "runs"] as const);
type Amounts = Parameters<typeof resources.limits>[0];

export function limits(amounts: Amounts): Vector {
  const read = resources.limits(amounts);
  if (!read.ok) throw new Error(read.error.message);
  return read.value;
}

export function demand(amounts: Amounts): Vector {
  const read = resources.vector(amounts);
  if (!read.ok) throw new Error(read.error.message);
  return read.value;
}

const room = { cpu: 1e9, memory: 2 ** 50, disk: 2 ** 50, bandwidth: 2 ** 50, runs: 1e6 };
const demands = [
  demand({ cpu: 1000, memory: 2 ** 30, disk: 2 ** 20, bandwidth: 1000, runs: 1 }),
  demand({ cpu: 500, memory: 2 ** 29, disk: 2 ** 20, bandwidth: 1000, runs: 1 }),
];

/** A server, and orgs with a workspace and a project each. All have limits of all resources, none of which is reached. */
export function treeOf(tenants: number): QuotaTree {
  const quotas = new QuotaTree();
  quotas.add("server", null, limits(room));
  for (let n = 0; n < tenants; n++) {
    quotas.add(`org_${n}`, "server", limits(room));
    quotas.add(`workspace_${n}`, `org_${n}`, limits(room));
    quotas.add(`project_${n}`, `workspace_${n}`, limits(room));
  }
  return quotas;
}

/** A scheduler whose tenants submit at random, each in its band. */
export class LoadedScheduler {
  readonly scheduler: FairScheduler;
  readonly #projects: readonly string[];
  #count = 0;

  constructor(quotas: QuotaTree, tenants: number) {
    this.scheduler = new FairScheduler({ quotas, serverId: "server" });
    this.#projects = Array.from({ length: tenants }, (_, n) => `project_${n}`);
  }

  newTask(): WaitingTask {
    const count = this.#count++;
    const tenant = (Math.imul(count, 2_654_435_761) >>> 0) % this.#projects.length;
    return {
      id: `run_${count.toString(36).padStart(26, "0")}`,
      nodeId: this.#projects[tenant] as string,
      band: bandNames[tenant % bandNames.length] ?? "normal",
      seq: count,
      demand: demands[(count >> 2) % demands.length] as Vector,
      expectedMs: 1000 + (count % 977),
      isOrdered: false,
    };
  }

  fill(tasks: number): void {
    for (let n = 0; n < tasks; n++) this.enqueue(this.newTask());
  }

  enqueue(task: WaitingTask): void {
    const added = this.scheduler.enqueue(task);
    if (!added.ok) throw new Error(added.error.message);
  }

  /** Starts the next task. */
  dispatch(): string {
    const next = this.scheduler.next(0);
    if (next === undefined) throw new Error("nothing starts");
    return next.id;
  }
}
