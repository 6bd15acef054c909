import type { TaskRow } from "./scheduler.ts";
import type { Task } from "./task.ts";

/** A task as it is stored. */
export function rowOf(task: Task): TaskRow {
  const { id, leaf, seq, demand, expectedMs, isOrdered, isSuspended, after, run } = task;
  return {
    id,
    nodeId: leaf.holder.id,
    band: leaf.band,
    seq,
    demand: demand.vector,
    expectedMs,
    isOrdered,
    isSuspended,
    ...(after && { after: [...after] }),
    run,
  };
}
