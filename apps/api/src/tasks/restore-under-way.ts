import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import type { WorkspaceId } from "@quarterdeck/core/ids";
import { eq, ne, and, sql, type Placeholder, type SQL } from "drizzle-orm";
import type { TenantScope } from "../auth/scope.ts";
import type { Database } from "../db/database.ts";
import { isArchiveTask, runs, tasks } from "../db/schema.ts";

/**
 * True while no workspace is restored as a whole: a run that started then could do so in a folder that is about to be replaced.
 * Tasks of a project wait for each other; what is done to their workspace has no place among them.
 */
export function noRestoreUnderWay(workspaceId: WorkspaceId | Placeholder): SQL {
  return sql`not ${restoreUnderWay(workspaceId)}`;
}

/** @throws QuarterdeckError while the workspace is restored */
export async function checkNoRestore(db: Database, { orgId }: TenantScope, workspaceId: WorkspaceId): Promise<void> {
  const [row] = await db
    .select({ taskId: tasks.taskId })
    .from(tasks)
    .where(and(eq(tasks.orgId, orgId), eq(tasks.workspaceId, workspaceId), restoreUnderWay(workspaceId)))
    .limit(1);
  if (row !== undefined)
    throw new QuarterdeckError(
      "CONFLICT",
      "This workspace is being restored from an archive. Wait until that has ended, or cancel its task, and try again.",
    );
}

function restoreUnderWay(workspaceId: WorkspaceId | Placeholder): SQL {
  return sql`exists (
    select 1 from ${tasks} inner join ${runs} on ${runs.orgId} = ${tasks.orgId} and ${runs.taskId} = ${tasks.taskId}
    where ${eq(tasks.workspaceId, workspaceId)} and ${isArchiveTask} and ${eq(tasks.action, "workspace.restore")} and ${ne(runs.state, "ended")})`;
}
