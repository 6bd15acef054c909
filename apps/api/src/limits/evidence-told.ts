import type { WorkspaceId } from "@quarterdeck/core/ids";
import { hasFeature } from "@quarterdeck/core/protocol/features";
import { and, eq } from "drizzle-orm";
import type { TenantScope } from "../auth/scope.ts";
import type { Database } from "../db/database.ts";
import { servers, workspaces } from "../db/schema.ts";

/** Whether the bridge of a workspace's server says what the kernel holds; null where it never said what it can do. */
export async function isEvidenceTold(
  db: Database,
  { orgId }: TenantScope,
  workspaceId: WorkspaceId,
): Promise<boolean | null> {
  const [row] = await db
    .select({ capabilities: servers.capabilities })
    .from(workspaces)
    .innerJoin(servers, eq(servers.serverId, workspaces.serverId))
    .where(and(eq(workspaces.orgId, orgId), eq(workspaces.workspaceId, workspaceId)));
  const capabilities = row?.capabilities ?? null;
  return capabilities === null ? null : hasFeature(capabilities, "limitEvidence");
}
