import type { OrgId, UserId } from "@quarterdeck/core/ids";
import { and, asc, desc, eq, gt, isNull, sql, type SQL } from "drizzle-orm";
import type { Database } from "../db/database.ts";
import { insertWhen, previousChanged } from "../db/insert-when.ts";
import { prepared } from "../db/prepared.ts";
import { authSessions, members, orgs, setupTokens, users } from "../db/schema.ts";
import { addQuotaNode, keepPlace, memberPlace, takePlace } from "../quotas/counted-places.ts";
import type { Statement } from "../writer.ts";
import { grantsOf, readGrants } from "./grant-columns.ts";
import { longestSessionMs } from "./lucia.ts";
import type { Role } from "./permissions.ts";
import type { Rights } from "./rights.ts";
import type { RightInUse } from "./rights-in-use.ts";
import type { Account, Caller } from "./scope.ts";

const isActive = sql`coalesce(${members.orgId} = (select ${authSessions.activeOrgId} from ${authSessions}
  where ${eq(authSessions.tokenHash, sql.placeholder("tokenHash"))}), 0)`;

const callerOf = prepared((db) =>
  db
    .select({
      userId: users.userId,
      email: users.email,
      orgId: orgs.orgId,
      orgName: orgs.name,
      plan: orgs.plan,
      role: members.role,
      grants: grantsOf(members.orgId, members.userId),
      access: orgs.access,
      deleteAtMs: orgs.deleteAtMs,
    })
    .from(members)
    .innerJoin(users, eq(users.userId, members.userId))
    .innerJoin(orgs, eq(orgs.orgId, members.orgId))
    .where(eq(members.userId, sql.placeholder("userId")))
    .orderBy(desc(isActive), asc(members.createdAtMs), asc(members.orgId))
    .limit(1)
    .prepare(),
);

/**
 * Who a user is, in the org in which the session works, or else the one that the user joined first; null for a user who is
 * in none.
 */
export async function readCaller(db: Database, userId: UserId, tokenHash: string | null): Promise<Caller | null> {
  const [row] = await callerOf(db).all({ userId, tokenHash });
  return row ?? null;
}

export async function readAccount(db: Database, userId: UserId): Promise<Account | null> {
  const { email } = users;
  const [row] = await db.select({ userId: users.userId, email }).from(users).where(eq(users.userId, userId));
  return row ?? null;
}

/** What is left of a right that is in use: its session, and what the user is in that org. */
export interface Standing {
  readonly tokenHash: string;
  readonly orgId: OrgId;
  readonly hasSession: boolean;
  /** Null for a user who is no member any more. */
  readonly rights: Rights | null;
  /** The text of who may come into the org. */
  readonly access: string | null;
}

/** How all of these rights stand, in one query. */
export async function readStandings(db: Database, rights: readonly RightInUse[], nowMs: number): Promise<Standing[]> {
  const asked = rights.map(({ tokenHash, caller: { orgId, userId } }) => ({ tokenHash, orgId, userId }));
  const rows = await db.all<{
    tokenHash: string;
    orgId: OrgId;
    hasSession: number;
    isMember: number;
    role: Role | null;
    grants: string;
    access: string | null;
  }>(sql`
    select distinct asked.value ->> 'tokenHash' as "tokenHash", asked.value ->> 'orgId' as "orgId",
      ${authSessions.tokenHash} is not null as "hasSession", ${members.userId} is not null as "isMember",
      ${members.role} as role, ${grantsOf(members.orgId, members.userId)} as grants,
      (select ${orgs.access} from ${orgs} where ${orgs.orgId} = asked.value ->> 'orgId') as access
    from json_each(${JSON.stringify(asked)}) as asked
    left join ${authSessions} on ${authSessions.tokenHash} = asked.value ->> 'tokenHash' and ${gt(authSessions.expiresAtMs, nowMs)}
      and ${gt(authSessions.createdAtMs, nowMs - longestSessionMs)}
    left join ${members} on ${members.orgId} = asked.value ->> 'orgId' and ${members.userId} = asked.value ->> 'userId'`);
  return rows.map(({ tokenHash, orgId, hasSession, isMember, role, grants, access }) => ({
    tokenHash,
    orgId,
    hasSession: hasSession === 1,
    rights: isMember === 1 ? { role, grants: readGrants(grants) } : null,
    access,
  }));
}

/** Ends a session of this user. */
export function deleteSession(tokenHash: string, userId: UserId): SQL {
  return sql`delete from ${authSessions} where ${and(eq(authSessions.tokenHash, tokenHash), eq(authSessions.userId, userId))}`;
}

export async function findUserByEmail(
  db: Database,
  email: string,
): Promise<{ userId: UserId; passwordHash: string | null } | null> {
  const [row] = await db
    .select({ userId: users.userId, passwordHash: users.passwordHash })
    .from(users)
    .where(eq(users.email, email));
  return row ?? null;
}

export async function hasUsers(db: Database): Promise<boolean> {
  return (await db.select({ userId: users.userId }).from(users).limit(1)).length > 0;
}

export async function findSetupToken(
  db: Database,
  tokenHash: string,
): Promise<{ orgId: OrgId; isUsed: boolean } | null> {
  const [row] = await db.select().from(setupTokens).where(eq(setupTokens.tokenHash, tokenHash));
  return row === undefined ? null : { orgId: row.orgId, isUsed: row.usedAtMs !== null };
}

/** Makes the first account with a set-up token, once: nothing happens when the token has been used or an account exists. */
export function claimOrg(claim: {
  tokenHash: string;
  orgId: OrgId;
  orgName: string;
  user: { userId: UserId; email: string; passwordHash: string };
  nowMs: number;
}): Statement[] {
  const { tokenHash, orgId, orgName, user, nowMs } = claim;
  const place = memberPlace({ orgId, userId: user.userId, createdAtMs: nowMs });
  return [
    sql`update ${setupTokens} set "usedAtMs" = ${nowMs}
      where ${and(eq(setupTokens.tokenHash, tokenHash), isNull(setupTokens.usedAtMs))} and not exists (select 1 from ${users})`,
    insertWhen(users, { ...user, createdAtMs: nowMs, isOperator: true }, previousChanged),
    insertWhen(members, { orgId, userId: user.userId, role: "owner", createdAtMs: nowMs }, previousChanged),
    takePlace(place, previousChanged),
    keepPlace(place),
    sql`update ${orgs} set name = ${orgName}, "claimedAtMs" = ${nowMs} where ${eq(orgs.orgId, orgId)} and changes() > 0`,
  ];
}

/** Makes the org that the first account will take, if there is none. */
export function createUnclaimedOrg(org: { orgId: OrgId; name: string; nowMs: number }): Statement[] {
  const nobody: SQL = sql`not exists (select 1 from ${orgs})`;
  return [
    insertWhen(orgs, { orgId: org.orgId, name: org.name, createdAtMs: org.nowMs }, nobody),
    addQuotaNode({ id: org.orgId, parentId: null }),
  ];
}

/** The org that nobody has claimed yet. */
export async function findUnclaimedOrg(db: Database): Promise<OrgId | null> {
  const [row] = await db.select({ orgId: orgs.orgId }).from(orgs).where(isNull(orgs.claimedAtMs)).limit(1);
  return row?.orgId ?? null;
}

/** The org of the machine that the platform itself runs on: the first. */
export async function findFirstOrg(db: Database): Promise<OrgId | null> {
  const [row] = await db.select({ orgId: orgs.orgId }).from(orgs).orderBy(asc(orgs.createdAtMs)).limit(1);
  return row?.orgId ?? null;
}

/** Replaces the unused set-up tokens of an org by a new one. */
export function replaceSetupToken(token: { tokenHash: string; orgId: OrgId }): Statement[] {
  return [
    sql`delete from ${setupTokens} where ${and(eq(setupTokens.orgId, token.orgId), isNull(setupTokens.usedAtMs))}`,
    insertWhen(setupTokens, token, sql`true`),
  ];
}
