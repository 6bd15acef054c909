import type { InvitationId, OrgId, UserId } from "@quarterdeck/core/ids";
import { and, desc, eq, gt, isNull, lte, sql, type SQL } from "drizzle-orm";
import { isAllowed, roles, type Role } from "../auth/permissions.ts";
import type { TenantScope } from "../auth/scope.ts";
import type { Database } from "../db/database.ts";
import { insertWhen, previousChanged } from "../db/insert-when.ts";
import { invitations, members, orgs, users } from "../db/schema.ts";
import type { Statement } from "../writer.ts";

const inviting = roles.filter((role) => isAllowed(role, "members.invite")).map((role) => sql`${role}`);
const rolesWhoInvite = sql`(${sql.join(inviting, sql`, `)})`;

export interface Invitation {
  readonly invitationId: InvitationId;
  readonly orgId: OrgId;
  readonly email: string;
  readonly role: Role;
  readonly invitedBy: string;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  readonly revokedAtMs: number | null;
  readonly acceptedAtMs: number | null;
}

const columns = {
  invitationId: invitations.invitationId,
  orgId: invitations.orgId,
  email: invitations.email,
  role: invitations.role,
  invitedBy: users.email,
  createdAtMs: invitations.createdAtMs,
  expiresAtMs: invitations.expiresAtMs,
  revokedAtMs: invitations.revokedAtMs,
  acceptedAtMs: invitations.acceptedAtMs,
};

const mostListed = 200;

export async function listInvitationRows(db: Database, { orgId }: TenantScope): Promise<Invitation[]> {
  return db
    .select(columns)
    .from(invitations)
    .innerJoin(users, eq(users.userId, invitations.invitedBy))
    .where(eq(invitations.orgId, orgId))
    .orderBy(desc(invitations.createdAtMs), desc(invitations.invitationId))
    .limit(mostListed);
}

export async function findInvitation(
  db: Database,
  { orgId }: TenantScope,
  invitationId: InvitationId,
): Promise<Invitation | null> {
  const [row] = await db
    .select(columns)
    .from(invitations)
    .innerJoin(users, eq(users.userId, invitations.invitedBy))
    .where(and(eq(invitations.orgId, orgId), eq(invitations.invitationId, invitationId)));
  return row ?? null;
}

export interface OfferedInvitation extends Invitation {
  readonly orgName: string;
  readonly deleteAtMs: number | null;
  readonly hasAccount: boolean;
  /** Whether who invited may still do so, for this role. */
  readonly isBacked: boolean;
}

/** The invitation that a token is for. The token is what proves the right to it, so there is no scope. */
export async function findByToken(db: Database, tokenHash: string): Promise<OfferedInvitation | null> {
  const hasAccount = sql<number>`exists (select 1 from users as invited where invited.email = ${invitations.email})`;
  const [row] = await db
    .select({
      ...columns,
      orgName: orgs.name,
      deleteAtMs: orgs.deleteAtMs,
      hasAccount,
      isBacked: sql<number>`${isBacked}`,
    })
    .from(invitations)
    .innerJoin(users, eq(users.userId, invitations.invitedBy))
    .innerJoin(orgs, eq(orgs.orgId, invitations.orgId))
    .where(eq(invitations.tokenHash, tokenHash));
  return row === undefined ? null : { ...row, hasAccount: row.hasAccount === 1, isBacked: row.isBacked === 1 };
}

/** Whether who invited is still somebody who may, and for an owner still an owner. */
const isBacked = sql`exists (select 1 from members as inviter
  where inviter."orgId" = ${invitations.orgId} and inviter."userId" = ${invitations.invitedBy}
  and (inviter.role = 'owner' or (${invitations.role} <> 'owner' and inviter.role in ${rolesWhoInvite})))`;

/** Makes an invitation, in the place of an open one to the same address. The last statement changes a row when it did. */
export function insertInvitation(
  scope: TenantScope,
  invitation: Omit<typeof invitations.$inferInsert, "orgId">,
): Statement[] {
  const { email, createdAtMs, role, invitedBy } = invitation;
  const isOpen = and(eq(invitations.orgId, scope.orgId), eq(invitations.email, email), isUndecided);
  return [
    sql`update ${invitations} set "revokedAtMs" = ${createdAtMs} where ${isOpen}`,
    insertWhen(
      invitations,
      { ...invitation, orgId: scope.orgId },
      sql`not ${isMemberEmail(scope, email)} and ${mayInvite(scope, { userId: invitedBy, role })}`,
    ),
  ];
}

const isUndecided = and(isNull(invitations.revokedAtMs), isNull(invitations.acceptedAtMs));

function mayInvite({ orgId }: TenantScope, { userId, role }: { userId: UserId; role: Role }): SQL {
  return sql`exists (select 1 from ${members} where ${and(eq(members.orgId, orgId), eq(members.userId, userId))}
    and (${members.role} = 'owner' or (${role} <> 'owner' and ${members.role} in ${rolesWhoInvite})))`;
}

function isMemberEmail({ orgId }: TenantScope, email: string): SQL {
  return sql`exists (select 1 from ${members} join ${users} on ${users.userId} = ${members.userId}
    where ${and(eq(members.orgId, orgId), eq(users.email, email))})`;
}

export async function isMember(db: Database, scope: TenantScope, email: string): Promise<boolean> {
  const rows = await db
    .select({ userId: users.userId })
    .from(members)
    .innerJoin(users, eq(users.userId, members.userId))
    .where(and(eq(members.orgId, scope.orgId), eq(users.email, email)));
  return rows.length > 0;
}

/** Takes an invitation back that nobody has accepted. */
export function revokeInvitationRow({ orgId }: TenantScope, invitationId: InvitationId, nowMs: number): SQL {
  return sql`update ${invitations} set "revokedAtMs" = ${nowMs}
    where ${and(eq(invitations.orgId, orgId), eq(invitations.invitationId, invitationId), isUndecided)}`;
}

/** Gives an invitation another link and another time, and another who answers for it; the link before is worth nothing. */
export function renewInvitation(
  scope: TenantScope,
  {
    invitationId,
    ...renewal
  }: { invitationId: InvitationId; tokenHash: string; expiresAtMs: number; invitedBy: UserId },
): SQL {
  return sql`update ${invitations}
    set "tokenHash" = ${renewal.tokenHash}, "expiresAtMs" = ${renewal.expiresAtMs}, "invitedBy" = ${renewal.invitedBy}
    where ${and(eq(invitations.orgId, scope.orgId), eq(invitations.invitationId, invitationId), isUndecided)}`;
}

/** That the link is good now; for the unit that accepts it. */
export function isAcceptable(tokenHash: string, nowMs: number): SQL {
  return sql`exists (select 1 from ${invitations} join ${orgs} on ${orgs.orgId} = ${invitations.orgId}
    where ${and(eq(invitations.tokenHash, tokenHash), isUndecided, gt(invitations.expiresAtMs, nowMs), isNull(orgs.deleteAtMs))}
    and ${isBacked})`;
}

/** Whether nobody with this address is in the org, or where the account is to be made, on the platform. */
export function isNewcomer({ orgId, email }: Pick<Invitation, "orgId" | "email">, needsAccount: boolean): SQL {
  const anywhere = sql`exists (select 1 from ${users} where ${eq(users.email, email)})`;
  return sql`not ${needsAccount ? anywhere : isMemberEmail({ orgId }, email)}`;
}

/** Makes the member whom an invitation is for, and uses it up; both follow the statement before. */
export function acceptInvitation(
  { invitationId, orgId, role }: Pick<Invitation, "invitationId" | "orgId" | "role">,
  { tokenHash, userId, nowMs }: { tokenHash: string; userId: UserId; nowMs: number },
): SQL[] {
  return [
    insertWhen(members, { orgId, userId, role, createdAtMs: nowMs }, previousChanged),
    sql`update ${invitations} set "acceptedAtMs" = ${nowMs}, "acceptedBy" = ${userId}
      where ${and(eq(invitations.invitationId, invitationId), eq(invitations.tokenHash, tokenHash))} and ${previousChanged}`,
  ];
}

/** Forgets invitations that came to nothing long ago. */
export function deleteOldInvitations(beforeMs: number): SQL {
  return sql`delete from ${invitations} where ${and(lte(invitations.expiresAtMs, beforeMs), isNull(invitations.acceptedAtMs))}`;
}
