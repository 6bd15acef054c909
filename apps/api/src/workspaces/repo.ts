import type { ServerId, WorkspaceId } from "@quarterdeck/core/ids";
import { and, asc, eq, sql, type SQL } from "drizzle-orm";
import { isOnTheWay } from "../auth/reach.ts";
import type { Reach, TenantScope } from "../auth/scope.ts";
import type { Database } from "../db/database.ts";
import { insertWhen } from "../db/insert-when.ts";
import { prepared } from "../db/prepared.ts";
import { projects, servers, workspaces } from "../db/schema.ts";
import { nameKeys } from "../names/name-keys.ts";
import { isNameFree } from "../names/taken-names.ts";
import { mayUse, serverNameFor } from "../sharing/reach-conditions.ts";
import { motionOf } from "./frozen.ts";
import type { WorkspaceView } from "./views.ts";

function selectWorkspaces(db: Database) {
  return db
    .select({
      workspaceId: workspaces.workspaceId,
      name: workspaces.name,
      serverId: workspaces.serverId,
      serverName: serverNameFor(workspaces.orgId),
      projectCount: sql<number>`(select count(*) from ${projects} where ${projects.workspaceId} = ${workspaces.workspaceId})`,
      motion: motionOf,
      createdAtMs: workspaces.createdAtMs,
    })
    .from(workspaces)
    .innerJoin(servers, eq(servers.serverId, workspaces.serverId));
}

/** Those that the caller may see. */
export async function listWorkspaceRows(db: Database, reach: Reach): Promise<WorkspaceView[]> {
  const isSeen = and(eq(workspaces.orgId, reach.orgId), isOnTheWay(reach, workspaces.workspaceId));
  return selectWorkspaces(db).where(isSeen).orderBy(asc(workspaces.createdAtMs));
}

const oneWorkspace = prepared((db) =>
  selectWorkspaces(db)
    .where(
      and(eq(workspaces.orgId, sql.placeholder("orgId")), eq(workspaces.workspaceId, sql.placeholder("workspaceId"))),
    )
    .prepare(),
);

export async function findWorkspace(
  db: Database,
  { orgId }: TenantScope,
  workspaceId: WorkspaceId,
): Promise<WorkspaceView | null> {
  const [row] = await oneWorkspace(db).all({ orgId, workspaceId });
  return row ?? null;
}

/** The workspaces of the org on one of its servers. */
export async function listWorkspaceIdsOnServer(
  db: Database,
  scope: TenantScope,
  serverId: ServerId,
): Promise<ReadonlySet<WorkspaceId>> {
  const rows = await db
    .select({ workspaceId: workspaces.workspaceId })
    .from(workspaces)
    .where(and(eq(workspaces.orgId, scope.orgId), eq(workspaces.serverId, serverId)));
  return new Set(rows.map(({ workspaceId }) => workspaceId));
}

/** Inserts a workspace on a server of the org, or in its slice of one, unless the org has one of this name, or of one like it. */
export function insertWorkspace(
  scope: TenantScope,
  workspace: { workspaceId: WorkspaceId; name: string; serverId: ServerId; createdAtMs: number },
): SQL {
  return insertWhen(
    workspaces,
    { ...workspace, ...nameKeys(workspace.name), orgId: scope.orgId },
    sql`${mayUse(scope, workspace.serverId)} and ${isNameFree(namedWorkspace(scope, workspace.name))}`,
  );
}

/** The name among those of the org's workspaces. */
export function namedWorkspace({ orgId }: TenantScope, name: string) {
  return { table: workspaces, name, among: eq(workspaces.orgId, orgId) };
}
