import type { QuotaNode } from "../quota/quota-tree.ts";
import type { Band } from "./bands.ts";
import type { DemandClass } from "./demand-class.ts";
import type { Lane } from "./lanes.ts";
import type { ShareNode } from "./share-node.ts";

/** A task as the scheduler keeps it. */
export interface Task {
  readonly id: string;
  /** Its place among the tasks of its node: a smaller number came first. */
  readonly seq: number;
  readonly quota: QuotaNode;
  readonly demand: DemandClass;
  readonly expectedMs: number;
  readonly isOrdered: boolean;
  band: Band;
  state: "waiting" | "running";
  /** Set aside by who submits: it keeps its place and does not start. */
  isSuspended: boolean;
  /** What must end before it may start. */
  after: Set<string> | null;
  leaf: ShareNode;
  /** Where it waits. */
  lane: Lane | null;
  /** What its nodes were charged when it started, in milliseconds of the whole server. */
  cost: number;
  /** The weight of its band when it was charged. */
  bandWeight: number;
  startedAtMs: number;
  /** The number of its start among all starts. */
  start: number;
}

/** Whether nothing but its turn keeps a task from starting. */
export function isReady(task: Task): boolean {
  return !task.isSuspended && task.after === null;
}
