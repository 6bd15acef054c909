import type { ServicePermission, ServiceRole } from "../auth/permissions.ts";
import type { Place, Rights } from "../auth/rights.ts";
import { narrowTo } from "../auth/service-columns.ts";

export interface GivenRights {
  readonly role: ServiceRole;
  /** Nothing but these; null: all that the role gives. */
  readonly permissions: readonly ServicePermission[] | null;
}

/** What a service account with these is in its org. */
export function rightsOf({ role, permissions }: GivenRights, { workspaceId, projectId }: Place): Rights {
  const only = narrowTo(permissions);
  if (workspaceId === null) return { role, grants: [], only };
  return { role: null, grants: [{ workspaceId, projectId, role }], only };
}
