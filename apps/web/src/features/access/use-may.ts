import type { ProjectId, WorkspaceId } from "@quarterdeck/core/ids";
import { useQuery } from "@tanstack/react-query";
import type { Permission } from "@quarterdeck/api/permissions";
import { mayAt, wholeOrg, type Place } from "@quarterdeck/api/rights";
import { trpc } from "../../api/trpc.ts";

/** Whether who is signed in may do something at a place; nothing while that is not known. The API asks the same table. */
export function useMay(permission: Permission, place: Place = wholeOrg): boolean {
  const rights = useQuery(trpc.members.rights.queryOptions());
  return rights.data !== undefined && mayAt(rights.data, permission, place);
}

/** A workspace, or a project of it, as a place. */
export function placeOf({ workspaceId, projectId }: { workspaceId: WorkspaceId; projectId?: ProjectId | null }): Place {
  return { workspaceId, projectId: projectId ?? null };
}
