import type { ProjectId, UserId, WorkspaceId } from "@quarterdeck/core/ids";
import { forbidden } from "../auth/check-place.ts";
import { isAllowed, permissionNames, type Role } from "../auth/permissions.ts";
import { mayWith, type Grant } from "../auth/rights.ts";
import type { OrgScope } from "../auth/scope.ts";
import { notFound } from "../not-found.ts";
import type { Runtime } from "../runtime.ts";
import { changeRights } from "./change-rights.ts";
import { findPlace } from "./find-place.ts";
import { deleteGrant, writeGrant, type GrantPlace, type Member } from "./repo.ts";
import { readMember, requireMember } from "./service.ts";
import type { MemberView } from "./views.ts";

interface GrantInput {
  readonly userId: UserId;
  readonly placeId: WorkspaceId | ProjectId;
}

/** Gives a member a role on a workspace or a project, in place of the one that they have there. */
export async function setGrant(
  runtime: Runtime,
  scope: OrgScope,
  { role, ...input }: GrantInput & { readonly role: Role },
): Promise<MemberView> {
  const { member, place, from } = await readGrant(runtime, scope, input);
  checkNotMore(scope, role);
  if (from !== role) {
    const { workspaceId, projectId } = place;
    await changeRights(runtime, scope, {
      userId: input.userId,
      before: member,
      after: { ...member, grants: [...without(member, place), { workspaceId, projectId, role }] },
      action: "member.setGrant",
      detail: `${input.placeId}: from ${from ?? "none"} to ${role}`,
      change: writeGrant(scope, { userId: input.userId, place, from, to: role, nowMs: runtime.clock.nowMs() }),
    });
  }
  return readMember(runtime, scope, input.userId);
}

/** Takes a member's role on a workspace or a project away. Without one nothing happens. */
export async function removeGrant(runtime: Runtime, scope: OrgScope, input: GrantInput): Promise<MemberView> {
  const { member, place, from } = await readGrant(runtime, scope, input);
  if (from !== null) {
    checkNotMore(scope, from);
    await changeRights(runtime, scope, {
      userId: input.userId,
      before: member,
      after: { ...member, grants: without(member, place) },
      action: "member.removeGrant",
      detail: `${input.placeId}: was ${from}`,
      change: deleteGrant(scope, { userId: input.userId, place, from }),
    });
  }
  return readMember(runtime, scope, input.userId);
}

async function readGrant(
  runtime: Runtime,
  scope: OrgScope,
  { userId, placeId }: GrantInput,
): Promise<{ member: Member; place: GrantPlace; from: Role | null }> {
  const place = await findPlace(runtime.db, scope, placeId);
  if (place === null) throw notFound(placeId.startsWith("ws_") ? "workspace" : "project");
  const member = await requireMember(runtime, scope, userId);
  return { member, place, from: member.grants.find((grant) => isAt(grant, place))?.role ?? null };
}

function without({ grants }: Member, place: GrantPlace): Grant[] {
  return grants.filter((grant) => !isAt(grant, place));
}

function isAt({ workspaceId, projectId }: Grant, place: GrantPlace): boolean {
  return (projectId ?? workspaceId) === place.placeId;
}

/** Nobody gives, or takes from another, more than they have at that place. */
function checkNotMore({ rolesHere }: OrgScope, role: Role): void {
  const missing = permissionNames.find((name) => isAllowed(role, name) && !mayWith(rolesHere, name));
  if (missing !== undefined) throw forbidden(rolesHere, missing, `giving or taking the role ${role}`);
}
