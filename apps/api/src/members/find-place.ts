import type { OrgId, ProjectId, WorkspaceId } from "@quarterdeck/core/ids";
import { locate } from "../auth/reach.ts";
import type { OrgScope } from "../auth/scope.ts";
import type { Database } from "../db/database.ts";
import type { GrantPlace } from "./repo.ts";

/** A workspace or a project of the org; null for anything else. */
export async function findPlace(
  db: Database,
  scope: OrgScope,
  placeId: OrgId | WorkspaceId | ProjectId,
): Promise<GrantPlace | null> {
  const found = (await locate(db, scope, [placeId])).get(placeId);
  if (found === undefined || found.workspaceId === null) return null;
  const { workspaceId, projectId } = found;
  return { placeId: projectId ?? workspaceId, workspaceId, projectId };
}
