import type { UserId } from "@quarterdeck/core/ids";
import { and, eq, ne, sql, type SQL } from "drizzle-orm";
import { alias } from "drizzle-orm/sqlite-core";
import type { Role } from "../auth/permissions.ts";
import type { TenantScope } from "../auth/scope.ts";
import type { Database } from "../db/database.ts";
import { members } from "../db/schema.ts";

export async function findMember(
  db: Database,
  scope: TenantScope,
  userId: UserId,
): Promise<{ role: Role; createdAtMs: number } | null> {
  const { role, createdAtMs } = members;
  const [row] = await db.select({ role, createdAtMs }).from(members).where(isMember(scope, userId));
  return row ?? null;
}

/** Removes a member; nothing happens to the only owner. */
export function deleteMember(scope: TenantScope, userId: UserId): SQL {
  return sql`delete from ${members} where ${isMember(scope, userId)} and ${keepsAnOwner(scope, userId)}`;
}

/** Changes a member's role from the one that was read; nothing happens to the only owner. */
export function changeRole(scope: TenantScope, change: { userId: UserId; from: Role; to: Role }): SQL {
  const { userId, from, to } = change;
  return sql`update ${members} set role = ${to}
    where ${isMember(scope, userId)} and ${eq(members.role, from)} and ${keepsAnOwner(scope, userId)}`;
}

export function isNoMember(scope: TenantScope, userId: UserId): SQL {
  return sql`not exists (select 1 from ${members} where ${isMember(scope, userId)})`;
}

function isMember({ orgId }: TenantScope, userId: UserId) {
  return and(eq(members.orgId, orgId), eq(members.userId, userId));
}

function keepsAnOwner({ orgId }: TenantScope, userId: UserId): SQL {
  const other = alias(members, "other");
  return sql`exists (select 1 from ${members} as ${other}
    where ${and(eq(other.orgId, orgId), ne(other.userId, userId), eq(other.role, "owner"))})`;
}
