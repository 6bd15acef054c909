import { actionNames } from "@quarterdeck/core/actions/catalogue";
import { isHeldByCordon } from "@quarterdeck/core/actions/cordon";
import type { OrgId, ProjectId, RunId, ServerId, TaskId, WorkspaceId } from "@quarterdeck/core/ids";
import { and, eq, inArray, isNull, notInArray, sql, type SQL } from "drizzle-orm";
import type { TenantScope } from "../auth/scope.ts";
import type { Database } from "../db/database.ts";
import { runs, servers, tasks } from "../db/schema.ts";

const passing = actionNames.filter((name) => !isHeldByCordon(name));

/** How many runs are on a server that is drained that a cordon would have held; 0 where nobody asks. */
export const openRuns = sql<number>`(case when ${servers.drainingSinceMs} is null then 0 else (select count(*) from ${runs}
  inner join ${tasks} on ${and(eq(tasks.orgId, runs.orgId), eq(tasks.taskId, runs.taskId))}
  where ${and(
    eq(runs.serverId, servers.serverId),
    inArray(runs.state, ["dispatched", "running"]),
    notInArray(tasks.action, passing),
  )}) end)`;

const ofServer = ({ orgId }: TenantScope, serverId: ServerId) =>
  and(eq(servers.orgId, orgId), eq(servers.serverId, serverId), isNull(servers.revokedAtMs));

/** Cordons a server, or drains it too, unless that is so. The entry that says it to the relay follows in the same unit. */
export function writeCordon(
  scope: TenantScope,
  { serverId, drains, nowMs }: { serverId: ServerId; drains: boolean; nowMs: number },
): SQL {
  const draining = drains ? sql`coalesce("drainingSinceMs", ${nowMs})` : sql`null`;
  return sql`update ${servers} set "cordonedAtMs" = coalesce("cordonedAtMs", ${nowMs}), "drainingSinceMs" = ${draining},
      "cordonTakenAtMs" = null, "cordonPosition" = "outboxHead" + 1
    where ${ofServer(scope, serverId)} and ("cordonedAtMs" is null or ("drainingSinceMs" is null) = ${drains ? 1 : 0})`;
}

/** Opens a server that is cordoned. */
export function writeUncordon(scope: TenantScope, serverId: ServerId): SQL {
  return sql`update ${servers} set "cordonedAtMs" = null, "drainingSinceMs" = null, "cordonTakenAtMs" = null,
      "cordonPosition" = "outboxHead" + 1
    where ${ofServer(scope, serverId)} and "cordonedAtMs" is not null`;
}

/** The relay took the entry of this position, and everything that it had started before was recorded. */
export function setCordonTaken(
  serverId: ServerId,
  { position, atMs }: { position: number; atMs: number },
  guard: SQL,
): SQL {
  return sql`update ${servers} set "cordonTakenAtMs" = ${atMs} where ${eq(servers.serverId, serverId)}
    and "cordonPosition" = ${position} and "cordonedAtMs" is not null and ${guard}`;
}

/** A run that is to end so that its server is empty, of whichever org. */
export interface OpenRun {
  readonly orgId: OrgId;
  readonly runId: RunId;
  readonly taskId: TaskId;
  readonly workspaceId: WorkspaceId;
  readonly projectId: ProjectId | null;
}

/** What a cordon would have held and a server has, or what waits for it too, and nobody asked to end yet. */
export async function listOpenRuns(
  db: Database,
  {
    serverId,
    states,
    orgId,
  }: { serverId: ServerId; states: readonly ("queued" | "dispatched" | "running")[]; orgId?: OrgId },
): Promise<OpenRun[]> {
  return db
    .select({
      orgId: runs.orgId,
      runId: runs.runId,
      taskId: runs.taskId,
      workspaceId: tasks.workspaceId,
      projectId: tasks.projectId,
    })
    .from(runs)
    .innerJoin(tasks, and(eq(tasks.orgId, runs.orgId), eq(tasks.taskId, runs.taskId)))
    .where(
      and(
        eq(runs.serverId, serverId),
        orgId === undefined ? undefined : eq(runs.orgId, orgId),
        inArray(runs.state, [...states]),
        isNull(runs.cancelAskedAtMs),
        notInArray(tasks.action, passing),
      ),
    );
}
