import type { OrgId, ProjectId, UserId, WorkspaceId } from "@quarterdeck/core/ids";
import { takeRight } from "../auth/lost-right.ts";
import { isAllowed, type Permission, type Role } from "../auth/permissions.ts";
import { rolesAt, wholeOrg } from "../auth/rights.ts";
import type { OrgScope } from "../auth/scope.ts";
import { notFound } from "../not-found.ts";
import { leavePlace, memberPlace } from "../quotas/counted-places.ts";
import type { Runtime } from "../runtime.ts";
import { changeRights, endWhatIsOpen, notChanged, orgChanged } from "./change-rights.ts";
import { findPlace } from "./find-place.ts";
import {
  changeRole,
  deleteMember,
  findMember,
  isNoMember,
  listMemberRows,
  readPlaceNames,
  type Member,
} from "./repo.ts";
import type { MemberPage, MemberView, WhoMay } from "./views.ts";

interface MemberQuery {
  readonly search: string;
  readonly limit: number;
  readonly cursor?: string | null | undefined;
}

export async function listMembers(
  { db }: Runtime,
  scope: OrgScope,
  { search, limit, cursor }: MemberQuery,
): Promise<MemberPage> {
  const rows = await listMemberRows(db, scope, { search, after: cursor ?? "", limit: limit + 1 });
  const page = rows.slice(0, limit);
  const members = await toViews(db, scope, page);
  return { members, nextCursor: rows.length > limit ? (page.at(-1)?.email ?? null) : null };
}

/** Who may do something at a place, and by what: all of them, because an org has so many members only (its quota). */
export async function whoMay(
  { db }: Runtime,
  scope: OrgScope,
  { permission, placeId }: { permission: Permission; placeId: OrgId | WorkspaceId | ProjectId },
): Promise<WhoMay> {
  const place = placeId === scope.orgId ? wholeOrg : await findPlace(db, scope, placeId);
  if (place === null) throw notFound("quota");
  return (await listMemberRows(db, scope, {})).flatMap((member) => {
    const giving = rolesAt(member, place).filter((role) => isAllowed(role, permission));
    const { userId, email } = member;
    return giving.length === 0 ? [] : [{ userId, email, roles: [...new Set(giving)] }];
  });
}

/** Removes a member from the org: whatever the member has open ends, and what starts from then on is sealed with new keys. */
export async function removeMember(runtime: Runtime, scope: OrgScope, userId: UserId): Promise<void> {
  const { createdAtMs } = await requireMember(runtime, scope, userId);
  const { orgId, userId: actor, address } = scope;
  const audit = { actor, address, action: "member.remove", detail: null };
  const change = [deleteMember(scope, userId), orgChanged(runtime, scope)];
  const also = [leavePlace(memberPlace({ orgId, userId, createdAtMs }), isNoMember(scope, userId))];
  if (!(await takeRight(runtime, { orgId, userId, endsReading: true, audit, also }, change))) throw notChanged();
  endWhatIsOpen(runtime, { orgId, userId }, "signedOut");
}

/** Gives a member another role on the org, or none. */
export async function setRole(
  runtime: Runtime,
  scope: OrgScope,
  { userId, role }: { userId: UserId; role: Role | null },
): Promise<MemberView> {
  const before = await requireMember(runtime, scope, userId);
  if (before.role !== role) {
    await changeRights(runtime, scope, {
      userId,
      before,
      after: { ...before, role },
      action: "member.setRole",
      detail: `from ${before.role ?? "none"} to ${role ?? "none"}`,
      change: changeRole(scope, { userId, from: before.role, to: role }),
    });
  }
  return readMember(runtime, scope, userId);
}

export async function requireMember({ db }: Pick<Runtime, "db">, scope: OrgScope, userId: UserId): Promise<Member> {
  const member = await findMember(db, scope, userId);
  if (member === null) throw notFound("member");
  return member;
}

export async function readMember(runtime: Runtime, scope: OrgScope, userId: UserId): Promise<MemberView> {
  const [view] = await toViews(runtime.db, scope, [await requireMember(runtime, scope, userId)]);
  if (view === undefined) throw notFound("member");
  return view;
}

async function toViews(db: Runtime["db"], scope: OrgScope, rows: readonly Member[]): Promise<MemberView[]> {
  const names = await readPlaceNames(db, scope, rows);
  return rows.map(({ createdAtMs, grants, ...member }) => ({
    ...member,
    joinedAtMs: createdAtMs,
    grants: grants.map((grant) => ({
      ...grant,
      workspaceName: names.get(grant.workspaceId) ?? "",
      projectName: grant.projectId && (names.get(grant.projectId) ?? ""),
    })),
  }));
}
