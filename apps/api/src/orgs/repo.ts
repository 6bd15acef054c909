import type { OrgId, UserId } from "@quarterdeck/core/ids";
import type { PlanName } from "@quarterdeck/core/quota/request-tiers";
import { and, asc, eq, gt, isNull, lte, ne, sql, type SQL } from "drizzle-orm";
import type { Role } from "../auth/permissions.ts";
import type { TenantScope } from "../auth/scope.ts";
import type { Database } from "../db/database.ts";
import { insertWhen, previousChanged } from "../db/insert-when.ts";
import { authSessions, members, orgs, users } from "../db/schema.ts";
import { addQuotaNode, keepPlace, memberPlace, takePlace } from "../quotas/counted-places.ts";
import type { Statement } from "../writer.ts";
import type { OrgAccess } from "./access.ts";

export interface Membership {
  readonly orgId: OrgId;
  readonly name: string;
  readonly role: Role | null;
  readonly deleteAtMs: number | null;
}

/** The orgs that a user is in, in the order of joining. */
export async function listMemberships(db: Database, userId: UserId): Promise<Membership[]> {
  return db
    .select({ orgId: orgs.orgId, name: orgs.name, role: members.role, deleteAtMs: orgs.deleteAtMs })
    .from(members)
    .innerJoin(orgs, eq(orgs.orgId, members.orgId))
    .where(eq(members.userId, userId))
    .orderBy(asc(members.createdAtMs), asc(orgs.orgId));
}

export interface OrgMember {
  readonly userId: UserId;
  readonly email: string;
  readonly role: Role | null;
}

export async function listOrgMembers(db: Database, { orgId }: TenantScope): Promise<OrgMember[]> {
  return db
    .select({ userId: users.userId, email: users.email, role: members.role })
    .from(members)
    .innerJoin(users, eq(users.userId, members.userId))
    .where(eq(members.orgId, orgId))
    .orderBy(asc(members.createdAtMs), asc(users.userId));
}

/** Makes an org and its owner, unless that account owns as many as it may. The first statement changes a row when it did. */
export function insertOrg(
  org: { orgId: OrgId; name: string; plan: PlanName; createdAtMs: number },
  { userId, most }: { userId: UserId; most: number },
): Statement[] {
  const { orgId, createdAtMs } = org;
  const place = memberPlace({ orgId, userId, createdAtMs });
  const owned = sql`(select count(*) from ${members} where ${and(eq(members.userId, userId), eq(members.role, "owner"))})`;
  return [
    insertWhen(orgs, { ...org, claimedAtMs: createdAtMs }, sql`${owned} < ${most}`),
    addQuotaNode({ id: orgId, parentId: null }),
    insertWhen(members, { orgId, userId, role: "owner", createdAtMs }, previousChanged),
    takePlace(place, previousChanged),
    keepPlace(place),
  ];
}

/** Has a session work in an org that its user is in. */
export function activateOrg({ tokenHash, userId, orgId }: { tokenHash: string; userId: UserId; orgId: OrgId }): SQL {
  const isMember = and(eq(members.orgId, orgId), eq(members.userId, userId));
  return sql`update ${authSessions} set "activeOrgId" = ${orgId}
    where ${and(eq(authSessions.tokenHash, tokenHash), eq(authSessions.userId, userId))}
    and exists (select 1 from ${members} where ${isMember})`;
}

/** Makes another member an owner, and the owner who does so an admin: both or nothing. The last changes a row when they did. */
export function transferOrg({ orgId }: TenantScope, { from, to }: { from: UserId; to: UserId }): SQL[] {
  const isOwner = sql`exists (select 1 from ${members} as giver
    where giver."orgId" = ${orgId} and giver."userId" = ${from} and giver.role = 'owner')`;
  return [
    sql`update ${members} set role = 'owner'
      where ${and(eq(members.orgId, orgId), eq(members.userId, to), ne(members.userId, from))} and ${isOwner}`,
    sql`update ${members} set role = 'admin'
      where ${and(eq(members.orgId, orgId), eq(members.userId, from))} and ${previousChanged}`,
  ];
}

/** Changes who may come in, from what was read. */
export function changeAccess({ orgId }: TenantScope, { from, to }: { from: OrgAccess; to: OrgAccess }): SQL {
  return sql`update ${orgs} set access = ${JSON.stringify(to)}
    where ${eq(orgs.orgId, orgId)} and ${orgs.access} = ${JSON.stringify(from)}`;
}

export async function readAccess(db: Database, { orgId }: TenantScope): Promise<OrgAccess | null> {
  const [row] = await db.select({ access: orgs.access }).from(orgs).where(eq(orgs.orgId, orgId));
  return row?.access ?? null;
}

export function askDeletion({ orgId }: TenantScope, deleteAtMs: number): SQL {
  return sql`update ${orgs} set "deleteAtMs" = ${deleteAtMs} where ${and(eq(orgs.orgId, orgId), isNull(orgs.deleteAtMs))}`;
}

/** Keeps an org that is not being deleted yet. */
export function cancelDeletion({ orgId }: TenantScope, nowMs: number): SQL {
  return sql`update ${orgs} set "deleteAtMs" = null where ${and(eq(orgs.orgId, orgId), gt(orgs.deleteAtMs, nowMs))}`;
}

export async function isOrgClosing(db: Database, { orgId }: TenantScope): Promise<boolean> {
  const [row] = await db.select({ deleteAtMs: orgs.deleteAtMs }).from(orgs).where(eq(orgs.orgId, orgId));
  return row !== undefined && row.deleteAtMs !== null;
}

/** The orgs whose time is over. */
export async function listDueOrgs(db: Database, nowMs: number): Promise<OrgId[]> {
  const rows = await db.select({ orgId: orgs.orgId }).from(orgs).where(lte(orgs.deleteAtMs, nowMs));
  return rows.map(({ orgId }) => orgId);
}
