import { refuse, type Result } from "@quarterdeck/core/errors/result";
import type { OrgId, ProjectId, RunId, WorkspaceId } from "@quarterdeck/core/ids";
import type { Priority } from "@quarterdeck/core/protocol/command";
import type { NodeLimits, WaitingAnswer } from "@quarterdeck/core/protocol/relay-api";
import { amountWords } from "@quarterdeck/core/quota/amount-words";
import type { Vector } from "@quarterdeck/core/quota/amounts";
import { findImpossible, QuotaTree, type QuotaNode } from "@quarterdeck/core/quota/quota-tree";
import { resourceNames, runResources, type ResourceName, type Resources } from "@quarterdeck/core/quota/resources";
import { FairScheduler } from "@quarterdeck/core/scheduling/fair-scheduler";
import type { SavedPatience } from "@quarterdeck/core/scheduling/patience";
import type { SchedulerOptions, ShareRow, TaskRow, TaskRun } from "@quarterdeck/core/scheduling/scheduler";
import { needsRenewal } from "./renewal.ts";
import { answerOf } from "./waiting-answer.ts";

/** A run in the queue, and until when its command may be dispatched. */
export interface WaitingRun {
  readonly runId: RunId;
  /** Its place among all runs of this server: a smaller one came first. */
  readonly position: number;
  readonly orgId: OrgId;
  readonly workspaceId: WorkspaceId | null;
  readonly projectId: ProjectId | null;
  readonly priority: Priority;
  /** Whether it waits for the earlier runs of its project. */
  readonly isOrdered: boolean;
  /** Whether it waits while the server is cordoned. */
  readonly isHeldByCordon: boolean;
  /** Runs that must have succeeded before. Those that are not in the queue have. */
  readonly after: readonly RunId[];
  readonly demand: Resources;
  readonly expectedMs: number;
  readonly expiresAtMs: number;
}

/** What a queue is made from after a restart. */
export interface SavedQueue {
  /** Every run that has not ended; `charge` is set for those that the bridge has. */
  readonly runs: readonly (WaitingRun & { readonly charge: TaskRun | null })[];
  readonly limits: readonly NodeLimits[];
  /** What the server offers; `null` before its bridge was ever here. */
  readonly capacity: Resources | null;
  readonly shares: readonly ShareRow[];
  readonly patience: SavedPatience | null;
  readonly isCordoned: boolean;
}

/** What happens next in the queue: a run is dispatched, or it steps aside until it has a new signature. */
export type Decision =
  | { readonly kind: "dispatch"; readonly runId: RunId; readonly charge: TaskRun }
  | { readonly kind: "renew"; readonly runId: RunId };

/** A run that could not start even if nothing else ran. */
export interface Unfit {
  readonly runId: RunId;
  readonly message: string;
}

const serverNode = "server";
const nodeWords = { org: "its organization", ws: "its workspace", prj: "its project" } as const;

/**
 * The runs of one server in memory: who waits, who runs, who is next. It is rebuilt from what is stored, and then decides as
 * before.
 */
export class CommandQueue {
  readonly #quotas = new QuotaTree();
  readonly #limits = new Map<string, NodeLimits>();
  readonly #scheduler: FairScheduler;
  readonly #waiting = new Map<RunId, WaitingRun>();
  /** Runs whose turn it was and whose signature runs out. They hold their place in their order and no resources. */
  readonly #aside = new Set<RunId>();
  #isCordoned: boolean;

  constructor({ runs, limits, capacity, shares, patience, isCordoned }: SavedQueue) {
    this.#isCordoned = isCordoned;
    for (const node of limits) this.#limits.set(node.id, node);
    this.#quotas.add(serverNode, null, capacity === null ? readLimits({}) : readLimits(capacity));
    for (const { orgId, workspaceId, projectId } of runs) this.#addNodes([orgId, workspaceId, projectId]);
    // What has no runs now is remembered too if it was served more than others.
    for (const { path } of shares) this.#addNodes(path.slice(1).filter((id) => !id.endsWith("/")));
    const options: SchedulerOptions = { quotas: this.#quotas, serverId: serverNode, isStored: true };
    const weights = Object.fromEntries(limits.map(({ id, weight }) => [id, weight]));
    const tasks = runs.map(
      (run): TaskRow => ({
        ...taskOf(run),
        isSuspended: run.charge === null && this.#isHeld(run),
        run: run.charge,
      }),
    );
    this.#scheduler = FairScheduler.restore(options, { shares, tasks, weights, patience });
    for (const { charge, ...run } of runs) if (charge === null) this.#waiting.set(run.runId, run);
  }

  /** What the server offers from now on. Returns the waiting runs that can never start with it. */
  setCapacity(capacity: Resources): Unfit[] {
    this.#scheduler.setLimit(serverNode, readLimits(capacity));
    return this.#unfit();
  }

  /** Where all nodes are and what they may use from now on; those not named have no limit. Returns the waiting runs that can never start with it. */
  setLimits(nodes: readonly NodeLimits[]): Unfit[] {
    const told = new Map(nodes.map((node) => [node.id as string, node]));
    for (const id of this.#limits.keys()) if (!told.has(id)) this.#setLimit(id, {}, 1);
    this.#limits.clear();
    for (const [id, node] of told) this.#limits.set(id, node);
    for (const node of nodes) this.#moveNode(node);
    for (const [id, node] of told) {
      this.#setLimit(id, node.limits, node.weight);
    }
    return this.#unfit();
  }

  /** Takes a run in. Returns why it can never start, if that is so; then it is not in the queue. */
  enqueue(run: WaitingRun): Unfit | undefined {
    this.#addNodes([run.orgId, run.workspaceId, run.projectId]);
    const added = this.#scheduler.enqueue(taskOf(run));
    if (!added.ok) return this.#unfitRun(run) ?? { runId: run.runId, message: added.error.message };
    this.#waiting.set(run.runId, run);
    if (this.#isHeld(run)) this.#scheduler.setSuspended(run.runId, true);
    return undefined;
  }

  /** From now on what uses the server waits, or starts in its turn again. What waits keeps its place. */
  setCordon(isCordoned: boolean): void {
    this.#isCordoned = isCordoned;
    for (const run of this.#waiting.values()) {
      this.#scheduler.setSuspended(run.runId, this.#isHeld(run) || this.#aside.has(run.runId));
    }
  }

  /** Takes out a waiting run. Returns whether it waited. */
  remove(runId: RunId): boolean {
    this.#aside.delete(runId);
    this.#waiting.delete(runId);
    return this.#scheduler.remove(runId);
  }

  /** Puts a waiting run into another band. Returns whether it waited. */
  setPriority(runId: RunId, priority: Priority): boolean {
    const run = this.#waiting.get(runId);
    if (run === undefined) return false;
    this.#waiting.set(runId, { ...run, priority });
    return this.#scheduler.setBand(runId, priority);
  }

  /** Releases what a dispatched run held. Returns whether it was dispatched. */
  ended(runId: RunId, durationMs: number | undefined): boolean {
    return this.#scheduler.ended(runId, durationMs);
  }

  /** A dispatched run waits again: the bridge never had it. */
  putBack(run: WaitingRun): void {
    if (!this.#scheduler.putBack(run.runId)) return;
    this.#waiting.set(run.runId, run);
    if (this.#isHeld(run)) this.#scheduler.setSuspended(run.runId, true);
  }

  /**
   * A run that stepped aside has a new signature. It keeps its place, and those that follow it go on waiting for it. Returns
   * why it can never start as it is now, if that is so; then it stays aside.
   */
  renewed(run: WaitingRun): Unfit | undefined {
    const { runId } = run;
    this.#waiting.set(runId, run);
    const set = this.#scheduler.setDemand(runId, demandOf(run.demand));
    if (!set.ok) return this.#unfitRun(run) ?? { runId, message: set.error.message };
    this.#aside.delete(runId);
    this.#scheduler.setSuspended(runId, this.#isHeld(run));
    return undefined;
  }

  /** The waiting runs that follow this one. */
  followers(runId: RunId): RunId[] {
    return this.#scheduler.waitingFor(runId) as RunId[];
  }

  isWaiting(runId: RunId): boolean {
    return this.#waiting.has(runId);
  }

  /** The runs that stepped aside and that a new signature would let start. */
  renewals(): RunId[] {
    return [...this.#aside].filter((runId) => {
      const run = this.#waiting.get(runId);
      return run !== undefined && !this.#isHeld(run);
    });
  }

  /** Takes the next run out of the queue, or says that nothing may start now. */
  decide(nowMs: number): Decision | undefined {
    const runId = this.#scheduler.next(nowMs)?.id as RunId | undefined;
    if (runId === undefined) return undefined;
    const charge = this.#scheduler.runOf(runId);
    const waited = this.#waiting.get(runId);
    if (waited === undefined || charge === undefined) throw new Error(`${runId} was started and did not wait`);
    if (!needsRenewal(waited.expiresAtMs, nowMs)) {
      this.#waiting.delete(runId);
      return { kind: "dispatch", runId, charge };
    }
    this.#scheduler.putBack(runId);
    this.#scheduler.setSuspended(runId, true);
    this.#aside.add(runId);
    return { kind: "renew", runId };
  }

  /** Why a run has not started. */
  explain(runId: RunId, nowMs: number): Result<NonNullable<WaitingAnswer["waiting"]>> {
    const run = this.#waiting.get(runId);
    if (run === undefined) return refuse("NOT_FOUND", `${runId} does not wait here`);
    if (this.#isHeld(run)) return { ok: true, value: { reason: "cordoned" } };
    const explained = this.#scheduler.explain(runId, nowMs);
    return explained.ok ? { ok: true, value: answerOf(explained.value) } : explained;
  }

  /** What of the shares is to be stored: rows that changed, and paths of those that are gone. */
  takeChanges(): ReturnType<FairScheduler["takeChanges"]> {
    return this.#scheduler.takeChanges();
  }

  patience(): SavedPatience | null {
    return this.#scheduler.patience();
  }

  #isHeld({ isHeldByCordon }: WaitingRun): boolean {
    return this.#isCordoned && isHeldByCordon;
  }

  /** Adds those of a path that are not in the tree: an org, a workspace in it, a project in that. */
  #addNodes(path: readonly (string | null)[]): void {
    let parentId = serverNode;
    for (const id of path) {
      if (id === null) continue;
      this.#addNode(id, parentId);
      parentId = id;
    }
  }

  /** Adds a node where it was told to be, or else below `parentId`. */
  #addNode(id: string, parentId: string): void {
    if (this.#quotas.find(id)) return;
    const told = this.#limits.get(id);
    const above = told === undefined ? parentId : (told.parentId ?? serverNode);
    if (above !== serverNode) this.#addNode(above, this.#limits.get(above)?.parentId ?? serverNode);
    this.#quotas.add(id, above, readLimits(told?.limits ?? {}));
  }

  /** Puts a node that is in the tree where it was told to be, with its runs, also where they are more than fits. */
  #moveNode({ id, parentId }: NodeLimits): void {
    const node = this.#quotas.find(id);
    const above = parentId ?? serverNode;
    if (node === undefined || node.parent?.id === above) return;
    if (above !== serverNode) this.#addNode(above, serverNode);
    // The limits of all of them are set again afterwards.
    for (let up = this.#quotas.find(above); up && up.id !== serverNode; up = up.parent ?? undefined) {
      this.#scheduler.setLimit(up.id, readLimits({}));
    }
    const moved = this.#scheduler.moveNode(id, above);
    if (!moved.ok) throw new Error(moved.error.message);
  }

  /** What is not in the tree yet gets its limit when its first run comes. */
  #setLimit(nodeId: string, limits: NodeLimits["limits"], weight: number): void {
    if (this.#quotas.find(nodeId)) this.#scheduler.setLimit(nodeId, readLimits(limits));
    this.#scheduler.setWeight(nodeId, weight);
  }

  #unfit(): Unfit[] {
    return this.#scheduler.impossible().flatMap((id) => {
      const run = this.#waiting.get(id as RunId);
      return (run && this.#unfitRun(run)) ?? [];
    });
  }

  #unfitRun(run: WaitingRun): Unfit | undefined {
    const node = this.#quotas.find(nodeOf(run));
    const impossible = node && findImpossible(node, demandOf(run.demand));
    if (!impossible) return undefined;
    const name = resourceNames[impossible.resource] as ResourceName;
    const limit = impossible.node.limit[impossible.resource] as number;
    const asked = `It asks for ${amountWords(name, run.demand[name])}`;
    const message =
      impossible.node.id === serverNode
        ? `${asked}, and this server offers ${amountWords(name, limit)} in all.`
        : `${asked}, and the limit of ${wordsOf(impossible.node)} is ${amountWords(name, limit)}. Ask for less, or have the limit raised.`;
    return { runId: run.runId, message };
  }
}

function nodeOf({ orgId, workspaceId, projectId }: WaitingRun): string {
  return projectId ?? workspaceId ?? orgId;
}

function taskOf(run: WaitingRun) {
  return {
    id: run.runId,
    nodeId: nodeOf(run),
    band: run.priority,
    seq: run.position,
    demand: demandOf(run.demand),
    expectedMs: run.expectedMs,
    isOrdered: run.isOrdered,
    after: run.after,
  };
}

/** Demands are few and come again and again, so that their vectors are shared. */
const demands = new Map<string, Vector>();
const mostDemands = 1000;

function demandOf(demand: Resources): Vector {
  const key = resourceNames.map((name) => demand[name]).join(" ");
  const known = demands.get(key);
  if (known !== undefined) return known;
  const vector = runResources.vector(demand);
  if (!vector.ok) throw new Error(vector.error.message);
  if (demands.size >= mostDemands) demands.clear();
  demands.set(key, vector.value);
  return vector.value;
}

/** What counts for runs; the other limits are not the relay's. */
function readLimits(limits: NodeLimits["limits"]): Vector {
  const own = resourceNames.map((name) => [name, limits[name] ?? undefined] as const);
  const vector = runResources.limits(Object.fromEntries(own));
  if (!vector.ok) throw new Error(vector.error.message);
  return vector.value;
}

function wordsOf({ id }: QuotaNode): string {
  return nodeWords[id.split("_")[0] as keyof typeof nodeWords] ?? id;
}
