import type { ApiKeyId, OrgId, UserId } from "@quarterdeck/core/ids";
import { and, eq, inArray, isNotNull, isNull, lt, or, sql, type SQL } from "drizzle-orm";
import { grantsOf } from "../auth/grant-columns.ts";
import type { Caller, TenantScope } from "../auth/scope.ts";
import { isLiveKey, narrowTo, nameOfUser } from "../auth/service-columns.ts";
import type { Database } from "../db/database.ts";
import { insertWhen } from "../db/insert-when.ts";
import { prepared } from "../db/prepared.ts";
import { apiKeys, members, orgs, serviceAccounts, users } from "../db/schema.ts";

/** As many as an account has at a time: one, and the one that comes after it. */
export const mostLiveKeys = 2;

/** A key that there is, or was. */
export interface KnownKey {
  readonly keyId: ApiKeyId;
  readonly orgId: OrgId;
  readonly userId: UserId;
  readonly endsAtMs: number | null;
  readonly revokedAtMs: number | null;
  readonly lastUsedAtMs: number | null;
  /** Null where its account was removed. */
  readonly caller: Caller | null;
}

const keyByHash = prepared((db) =>
  db
    .select({
      keyId: apiKeys.keyId,
      orgId: apiKeys.orgId,
      userId: apiKeys.userId,
      endsAtMs: apiKeys.endsAtMs,
      revokedAtMs: apiKeys.revokedAtMs,
      lastUsedAtMs: apiKeys.lastUsedAtMs,
      name: serviceAccounts.name,
      permissions: serviceAccounts.permissions,
      orgName: orgs.name,
      plan: orgs.plan,
      access: orgs.access,
      deleteAtMs: orgs.deleteAtMs,
      member: members.userId,
      role: members.role,
      grants: grantsOf(members.orgId, members.userId),
    })
    .from(apiKeys)
    .innerJoin(serviceAccounts, eq(serviceAccounts.userId, apiKeys.userId))
    .innerJoin(orgs, eq(orgs.orgId, apiKeys.orgId))
    .leftJoin(members, and(eq(members.orgId, apiKeys.orgId), eq(members.userId, apiKeys.userId)))
    .where(eq(apiKeys.keyHash, sql.placeholder("keyHash")))
    .prepare(),
);

export async function findKeyCaller(db: Database, keyHash: string): Promise<KnownKey | null> {
  const [row] = await keyByHash(db).all({ keyHash });
  if (row === undefined) return null;
  const { name, permissions, orgName, plan, access, deleteAtMs, member, role, grants, ...key } = row;
  const { orgId, userId } = key;
  const who = { userId, email: name, orgId, orgName, plan, access, deleteAtMs, role, grants };
  return { ...key, caller: member === null ? null : { ...who, isService: true, only: narrowTo(permissions) } };
}

/** Notes a use of a key, unless another was noted since. */
export function markUsed(use: { keyId: ApiKeyId; nowMs: number; staleMs: number; address: string }): SQL {
  const isStale = or(isNull(apiKeys.lastUsedAtMs), lt(apiKeys.lastUsedAtMs, use.staleMs + 1));
  return sql`update ${apiKeys} set "lastUsedAtMs" = ${use.nowMs}, "lastUsedAddress" = ${use.address}
    where ${and(eq(apiKeys.keyId, use.keyId), isStale)}`;
}

export interface NewKey {
  readonly keyId: ApiKeyId;
  readonly userId: UserId;
  readonly keyHash: string;
  readonly hint: string;
  readonly createdBy: UserId;
  readonly createdAtMs: number;
  readonly endsAtMs: number | null;
}

export function insertKey({ orgId }: TenantScope, key: NewKey, condition: SQL): SQL {
  return insertWhen(apiKeys, { ...key, orgId }, condition);
}

/** Whether an account has a place for one more key, beside these. */
export function hasRoomForKey(
  scope: TenantScope,
  { userId, nowMs, without = [] }: { userId: UserId; nowMs: number; without?: readonly ApiKeyId[] },
): SQL {
  const others = without.length === 0 ? sql`true` : sql`not ${inArray(apiKeys.keyId, [...without])}`;
  return sql`(select count(*) from ${apiKeys} where ${and(isOf(scope, userId), isLiveKey(nowMs), others)}) < ${mostLiveKeys}`;
}

/** Lets a key that lives end sooner: at once, or at a time. */
export function endKey(
  scope: TenantScope,
  { userId, keyId, nowMs, atMs }: { userId: UserId; keyId: ApiKeyId; nowMs: number; atMs: number },
  condition: SQL = sql`true`,
): SQL {
  const isIt = and(isOf(scope, userId), eq(apiKeys.keyId, keyId), isLiveKey(nowMs), condition);
  if (atMs <= nowMs) return sql`update ${apiKeys} set "revokedAtMs" = ${nowMs} where ${isIt}`;
  return sql`update ${apiKeys} set "endsAtMs" = min(coalesce("endsAtMs", ${atMs}), ${atMs}) where ${isIt}`;
}

/** Ends all keys of an account that was removed. */
export function revokeKeys(scope: TenantScope, userId: UserId, nowMs: number): SQL {
  const isRemoved = sql`exists (select 1 from ${serviceAccounts}
    where ${eq(serviceAccounts.userId, userId)} and ${isNotNull(serviceAccounts.removedAtMs)})`;
  return sql`update ${apiKeys} set "revokedAtMs" = ${nowMs}
    where ${and(isOf(scope, userId), isNull(apiKeys.revokedAtMs), isRemoved)}`;
}

/** Deletes the keys of an account that ended long ago, so that they are not more and more. */
export function deleteEndedKeys(scope: TenantScope, userId: UserId, beforeMs: number): SQL {
  const isOver = or(lt(apiKeys.endsAtMs, beforeMs), lt(apiKeys.revokedAtMs, beforeMs));
  return sql`delete from ${apiKeys} where ${and(isOf(scope, userId), isOver)}`;
}

function isOf({ orgId }: TenantScope, userId: UserId): SQL | undefined {
  return and(eq(apiKeys.orgId, orgId), eq(apiKeys.userId, userId));
}

const keyColumns = {
  keyId: apiKeys.keyId,
  userId: apiKeys.userId,
  keyHash: apiKeys.keyHash,
  hint: apiKeys.hint,
  createdBy: nameOfUser(),
  createdAtMs: apiKeys.createdAtMs,
  endsAtMs: apiKeys.endsAtMs,
  revokedAtMs: apiKeys.revokedAtMs,
  lastUsedAtMs: apiKeys.lastUsedAtMs,
  lastUsedAddress: apiKeys.lastUsedAddress,
};

/** All keys of these accounts, the newest first. */
export async function listKeys(db: Database, { orgId }: TenantScope, userIds: readonly UserId[]) {
  return db
    .select(keyColumns)
    .from(apiKeys)
    .innerJoin(users, eq(users.userId, apiKeys.createdBy))
    .where(and(eq(apiKeys.orgId, orgId), inArray(apiKeys.userId, [...userIds])))
    .orderBy(sql`${apiKeys.createdAtMs} desc`);
}
