import type { Role } from "@quarterdeck/api/permissions";
import type { Place, Rights } from "@quarterdeck/api/rights";

/** What somebody would be with another role at a place, or with none there. */
export function withRole(
  { role: before, grants }: Rights,
  { workspaceId, projectId }: Place,
  role: Role | null,
): Rights {
  if (workspaceId === null) return { role, grants };
  const others = grants.filter((grant) => grant.workspaceId !== workspaceId || grant.projectId !== projectId);
  return { role: before, grants: role === null ? others : [...others, { workspaceId, projectId, role }] };
}

/** The role that was given at exactly this place. */
export function roleGivenAt({ role, grants }: Rights, { workspaceId, projectId }: Place): Role | null {
  if (workspaceId === null) return role;
  return grants.find((grant) => grant.workspaceId === workspaceId && grant.projectId === projectId)?.role ?? null;
}
