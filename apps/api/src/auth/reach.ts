import type { OrgId, ProjectId, RunId, ServerId, TaskId, UserId, WorkspaceId } from "@quarterdeck/core/ids";
import { inArray, or, sql, type SQL } from "drizzle-orm";
import type { SQLiteColumn } from "drizzle-orm/sqlite-core";
import type { Database } from "../db/database.ts";
import { isReachedBy } from "../sharing/reach-conditions.ts";
import { archives, projects, runs, servers, tasks, workspaces } from "../db/schema.ts";
import type { Rights } from "./rights.ts";
import type { Reach, TenantScope } from "./scope.ts";

// What a list holds for somebody who may see a part of the org only. For those with a role on the org nothing is added to
// a query, so that it stays as quick as it is.

interface PlaceColumns {
  readonly workspaceId: SQLiteColumn;
  /** Null where there is none: what belongs to the workspace alone. */
  readonly projectId: SQLiteColumn;
}

/** True for what lies in a place where the caller has a role. */
export function isWithin(reach: Rights, { workspaceId, projectId }: PlaceColumns): SQL | undefined {
  if (reach.role !== null) return undefined;
  const ids = granted(reach);
  return or(inArray(workspaceId, ids.workspaces), inArray(projectId, ids.projects));
}

/** True for a workspace in which the caller has a role somewhere. */
export function isOnTheWay({ role, grants }: Rights, workspaceId: SQLiteColumn): SQL | undefined {
  if (role !== null) return undefined;
  return inArray(workspaceId, [...new Set(grants.map((grant) => grant.workspaceId))]);
}

/** True for a server with a workspace in which the caller has a role somewhere. */
export function hasWorkspaceOnTheWay(reach: Reach, serverId: SQLiteColumn): SQL | undefined {
  const isReached = isOnTheWay(reach, workspaces.workspaceId);
  return isReached && sql`${serverId} in (select ${workspaces.serverId} from ${workspaces} where ${isReached})`;
}

function granted({ grants }: Rights): { workspaces: string[]; projects: string[] } {
  return {
    workspaces: grants.flatMap(({ workspaceId, projectId }) => (projectId === null ? [workspaceId] : [])),
    projects: grants.flatMap(({ projectId }) => (projectId === null ? [] : [projectId])),
  };
}

/** What may be found at a place, by its id. */
export type PlacedId = OrgId | WorkspaceId | ProjectId | ServerId | TaskId | RunId | UserId;

/** Where something lies. */
export interface Location {
  readonly kind: "org" | "workspace" | "project" | "server" | "within";
  readonly workspaceId: WorkspaceId | null;
  readonly projectId: ProjectId | null;
  /** Of a server: there is a workspace on it in which the caller has a role. */
  readonly isOnTheWay: boolean;
}

/** Where these things of the org lie; nothing for an id that does not exist in it. */
export async function locate(
  db: Database,
  { orgId, grants }: TenantScope & Pick<Rights, "grants">,
  ids: readonly string[],
): Promise<ReadonlyMap<string, Location>> {
  const asked = sql`(select value from json_each(${JSON.stringify(ids)}))`;
  const ways = sql`(select value from json_each(${JSON.stringify(grants.map(({ workspaceId }) => workspaceId))}))`;
  const rows = await db.all<{
    id: string;
    kind: Location["kind"];
    workspaceId: WorkspaceId | null;
    projectId: ProjectId | null;
    isOnTheWay: number;
  }>(sql`
    select "workspaceId" as id, 'workspace' as kind, "workspaceId" as "workspaceId", null as "projectId", 0 as "isOnTheWay"
      from ${workspaces} where "orgId" = ${orgId} and "workspaceId" in ${asked}
    union all select "projectId", 'project', "workspaceId", "projectId", 0
      from ${projects} where "orgId" = ${orgId} and "projectId" in ${asked}
    union all select "serverId", 'server', null, null,
      exists (select 1 from ${workspaces} where ${workspaces.serverId} = ${servers.serverId} and ${workspaces.workspaceId} in ${ways})
      from ${servers} where ${isReachedBy(orgId)} and ${servers.serverId} in ${asked}
    union all select "taskId", 'within', "workspaceId", "projectId", 0
      from ${tasks} where "orgId" = ${orgId} and "taskId" in ${asked}
    union all select ${runs.runId}, 'within', ${tasks.workspaceId}, ${tasks.projectId}, 0
      from ${runs} inner join ${tasks} on ${tasks.orgId} = ${runs.orgId} and ${tasks.taskId} = ${runs.taskId}
      where ${runs.orgId} = ${orgId} and ${runs.runId} in ${asked}
    union all select "archiveId", 'within', "workspaceId", "projectId", 0
      from ${archives} where "orgId" = ${orgId} and "archiveId" in ${asked}`);
  const found = new Map(
    rows.map(({ id, isOnTheWay: onTheWay, ...row }): [string, Location] => [
      id,
      { ...row, isOnTheWay: onTheWay === 1 },
    ]),
  );
  if (ids.includes(orgId)) found.set(orgId, { kind: "org", workspaceId: null, projectId: null, isOnTheWay: false });
  return found;
}
