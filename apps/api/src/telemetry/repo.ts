import type { OrgId, ProjectId, ServerId, WorkspaceId } from "@quarterdeck/core/ids";
import type { ServerTotals, UsageTotals } from "@quarterdeck/core/protocol/telemetry-minutes";
import { minuteMs } from "@quarterdeck/core/units";
import { and, asc, between, eq, sql, type SQL } from "drizzle-orm";
import type { TenantScope } from "../auth/scope.ts";
import type { Database } from "../db/database.ts";
import { projects, servers, telemetryNodes, telemetryPoints, workspaces } from "../db/schema.ts";
import { columnList, fromJson, replaced } from "./point-columns.ts";
import type { TelemetryNodeId } from "./views.ts";

/** A minute of one node, to be recorded. */
export interface NodeMinute {
  readonly nodeId: TelemetryNodeId;
  readonly atMs: number;
  readonly totals: UsageTotals | ServerTotals;
}

export type PointRow = typeof telemetryPoints.$inferSelect;

/** Whose server it is, and whether it was removed. */
export async function findTelemetryServer(
  db: Database,
  serverId: ServerId,
): Promise<{ orgId: OrgId; revokedAtMs: number | null } | null> {
  const [row] = await db
    .select({ orgId: servers.orgId, revokedAtMs: servers.revokedAtMs })
    .from(servers)
    .where(eq(servers.serverId, serverId));
  return row ?? null;
}

/** The workspaces of a server, of whichever org, and their projects: what its bridge may speak of. */
export async function listNodesOnServer(
  db: Database,
  serverId: ServerId,
): Promise<{ orgId: OrgId; workspaceId: WorkspaceId; projectId: ProjectId | null }[]> {
  return db
    .select({ orgId: workspaces.orgId, workspaceId: workspaces.workspaceId, projectId: projects.projectId })
    .from(workspaces)
    .leftJoin(projects, eq(projects.workspaceId, workspaces.workspaceId))
    .where(eq(workspaces.serverId, serverId));
}

/** The newest minute that is recorded of a node; null where there is none. */
export async function newestMinute(db: Database, { orgId }: TenantScope, nodeId: TelemetryNodeId) {
  const [row] = await db.all<{ atMs: number | null }>(sql`select max(${telemetryPoints.atMs}) as "atMs"
    from ${telemetryPoints} where ${telemetryPoints.stepMs} = ${minuteMs} and ${telemetryPoints.nodeKey} =
      (select ${telemetryNodes.nodeKey} from ${telemetryNodes}
        where ${and(eq(telemetryNodes.orgId, orgId), eq(telemetryNodes.nodeId, nodeId))})`);
  return row?.atMs ?? null;
}

/**
 * Records minutes: the same minute again takes the place of the one before, unless that had more readings. The nodes are
 * then rolled up.
 */
export function recordMinutes({ orgId }: TenantScope, minutes: readonly NodeMinute[]): SQL[] {
  const nodeIds = JSON.stringify([...new Set(minutes.map(({ nodeId }) => nodeId))]);
  const rows = JSON.stringify(minutes.map(({ nodeId, atMs, totals }) => ({ nodeId, atMs, ...totals })));
  const firstMs = Math.min(...minutes.map(({ atMs }) => atMs));
  const own = sql`"orgId" = ${orgId} and "nodeId" in (select value from json_each(${nodeIds}))`;
  return [
    sql`insert into ${telemetryNodes} ("orgId", "nodeId") select ${orgId}, value from json_each(${nodeIds})
      where true on conflict do nothing`,
    sql`insert into ${telemetryPoints} ("nodeKey", "stepMs", "atMs", ${columnList})
      select nodes."nodeKey", ${minuteMs}, json_extract(told.value, '$.atMs'), ${fromJson}
      from json_each(${rows}) as told join ${telemetryNodes} as nodes
        on nodes."nodeId" = json_extract(told.value, '$.nodeId') and nodes."orgId" = ${orgId}
      where true on conflict do update set ${replaced} where excluded.readings >= telemetry_points.readings`,
    sql`update ${telemetryNodes} set "changedFromMs" = min(coalesce("changedFromMs", ${firstMs}), ${firstMs}) where ${own}`,
  ];
}

/** The points of a node in a time, oldest first. */
export async function listPoints(
  db: Database,
  { orgId }: TenantScope,
  { nodeId, stepMs, fromMs, toMs }: { nodeId: TelemetryNodeId; stepMs: number; fromMs: number; toMs: number },
): Promise<PointRow[]> {
  const rows = await db
    .select({ points: telemetryPoints })
    .from(telemetryNodes)
    .innerJoin(telemetryPoints, eq(telemetryPoints.nodeKey, telemetryNodes.nodeKey))
    .where(
      and(
        eq(telemetryNodes.orgId, orgId),
        eq(telemetryNodes.nodeId, nodeId),
        eq(telemetryPoints.stepMs, stepMs),
        between(telemetryPoints.atMs, fromMs, toMs),
      ),
    )
    .orderBy(asc(telemetryPoints.atMs));
  return rows.map(({ points }) => points);
}
