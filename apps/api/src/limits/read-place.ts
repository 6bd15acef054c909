import type { OrgId, ProjectId, WorkspaceId } from "@quarterdeck/core/ids";
import { SqlLedgerRows } from "@quarterdeck/core/quota/ledger/sql-ledger-rows";
import type { LifecycleState } from "@quarterdeck/core/quota/lifecycle";
import { quotaResources, type QuotaLimits } from "@quarterdeck/core/quota/quota-resources";
import type { SqlRow } from "@quarterdeck/core/quota/sql-statement";
import { sql } from "drizzle-orm";
import type { Database } from "../db/database.ts";

/** Where a run is. */
export interface Place {
  readonly orgId: OrgId;
  readonly workspaceId: WorkspaceId;
  readonly projectId: ProjectId | null;
}

/** The limits that were given to the nodes of a place. */
export interface LimitedPlace {
  readonly org: QuotaLimits;
  readonly workspace: QuotaLimits;
  readonly project: { readonly limits: QuotaLimits; readonly lifecycle: LifecycleState } | null;
}

const rows = new SqlLedgerRows(quotaResources);

/** As things are now. What is only being made has no limits of its own yet. */
export async function readPlace(
  db: Database,
  { orgId, workspaceId, projectId }: Place,
  lifecycle: LifecycleState,
): Promise<LimitedPlace> {
  const nodes = await db.all<SqlRow>(
    sql`select * from quota_nodes where id in (${orgId}, ${workspaceId}, ${projectId ?? workspaceId})`,
  );
  const byId = new Map(nodes.map((row) => [rows.node(row).id, quotaResources.amounts(rows.node(row).limit)]));
  const limitsOf = (id: string): QuotaLimits => byId.get(id) ?? {};
  return {
    org: limitsOf(orgId),
    workspace: limitsOf(workspaceId),
    project: projectId && { limits: limitsOf(projectId), lifecycle },
  };
}
