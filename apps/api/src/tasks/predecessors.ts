import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import type { RunId, TaskId, WorkspaceId } from "@quarterdeck/core/ids";
import type { OrgScope } from "../auth/scope.ts";
import { notFound } from "../not-found.ts";
import type { Runtime } from "../runtime.ts";
import { listPredecessors, type Predecessor } from "./repo.ts";

/**
 * The runs that must still succeed before a new task starts. A task can only follow tasks that exist, so no circle comes to
 * be; and only those of its own workspace, which are on the same server.
 *
 * @throws `NOT_FOUND` for a task that is not there, `DEPENDENCY_FAILED` for one that has ended and did not succeed
 */
export async function openPredecessors(
  { db }: Pick<Runtime, "db">,
  scope: OrgScope,
  { after, workspaceId }: { after: readonly TaskId[]; workspaceId: WorkspaceId },
): Promise<RunId[]> {
  if (after.length === 0) return [];
  const found = await listPredecessors(db, scope, { taskIds: after, workspaceId });
  if (found.length < new Set(after).size) throw notFound("task");
  const failed = found.find((task) => task.state === "ended" && !hasSucceeded(task));
  if (failed !== undefined) {
    throw new QuarterdeckError(
      "DEPENDENCY_FAILED",
      "A task that this one was to run after has ended and did not succeed. Look at that one, or leave it out.",
    );
  }
  return found.filter(({ state }) => state !== "ended").map(({ runId }) => runId);
}

/** Also where a person decided that it counts as done, as long as nothing better is known. */
function hasSucceeded({ verdict, resolution }: Predecessor): boolean {
  return verdict === "succeeded" || (verdict === "indeterminate" && resolution === "succeeded");
}
