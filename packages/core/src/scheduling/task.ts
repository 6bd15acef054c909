import type { DemandClass } from "./demand-class.ts";
import type { Lane } from "./lanes.ts";
import type { TaskRun } from "./scheduler.ts";
import type { ShareNode } from "./share-node.ts";

/** A task as the scheduler keeps it. */
export interface Task {
  readonly id: string;
  /** Its place among the tasks of its node: a smaller number came first. */
  readonly seq: number;
  demand: DemandClass;
  readonly expectedMs: number;
  readonly isOrdered: boolean;
  /** Set aside by who submits: it keeps its place and does not start. */
  isSuspended: boolean;
  /** What must end before it may start. */
  after: Set<string> | null;
  leaf: ShareNode;
  /** Where it waits. */
  lane: Lane | null;
  /** `null` while it waits. */
  run: TaskRun | null;
}

/** Whether nothing but its turn keeps a task from starting. */
export function isReady(task: Task): boolean {
  return !task.isSuspended && task.after === null;
}
