import type { WorkspaceId } from "@quarterdeck/core/ids";
import { hasFeature } from "@quarterdeck/core/protocol/features";
import type { LimitedResource } from "@quarterdeck/core/quota/kernel-limits";
import { and, eq } from "drizzle-orm";
import type { TenantScope } from "../auth/scope.ts";
import type { Database } from "../db/database.ts";
import { limitReports, servers, workspaces } from "../db/schema.ts";

interface LimitingServer {
  /** Whether its bridge says what the kernel holds; null where it never said what it can do. */
  readonly isTold: boolean | null;
  /** What it limits; null where that is not known. */
  readonly limited: LimitedResource[] | null;
}

/** What the server of a workspace can do about limits. */
export async function readLimitingServer(
  db: Database,
  { orgId }: TenantScope,
  workspaceId: WorkspaceId,
): Promise<LimitingServer> {
  const [row] = await db
    .select({ capabilities: servers.capabilities, limited: limitReports.limited })
    .from(workspaces)
    .innerJoin(servers, eq(servers.serverId, workspaces.serverId))
    .leftJoin(limitReports, eq(limitReports.serverId, workspaces.serverId))
    .where(and(eq(workspaces.orgId, orgId), eq(workspaces.workspaceId, workspaceId)));
  const capabilities = row?.capabilities ?? null;
  if (capabilities === null) return { isTold: null, limited: null };
  const isTold = hasFeature(capabilities, "limitEvidence");
  if (capabilities.driver === "process") return { isTold, limited: [] };
  const limited = row?.limited ?? null;
  if (hasFeature(capabilities, "ioLimits")) return { isTold, limited };
  // Its driver could, and it cannot be told to (PROTOCOL 16.11).
  return { isTold, limited: limited?.filter((name) => name !== "io") ?? null };
}
