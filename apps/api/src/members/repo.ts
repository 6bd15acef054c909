import type { ProjectId, UserId, WorkspaceId } from "@quarterdeck/core/ids";
import { and, asc, eq, gt, ne, sql, type SQL } from "drizzle-orm";
import { alias } from "drizzle-orm/sqlite-core";
import { grantsOf } from "../auth/grant-columns.ts";
import type { Role } from "../auth/permissions.ts";
import type { Grant } from "../auth/rights.ts";
import type { TenantScope } from "../auth/scope.ts";
import type { Database } from "../db/database.ts";
import { insertWhen } from "../db/insert-when.ts";
import { grants, members, projects, users, workspaces } from "../db/schema.ts";

/** A member as the services know it. */
export interface Member {
  readonly userId: UserId;
  readonly email: string;
  readonly role: Role | null;
  readonly grants: readonly Grant[];
  readonly createdAtMs: number;
}

function selectMembers(db: Database) {
  return db
    .select({
      userId: members.userId,
      email: users.email,
      role: members.role,
      grants: grantsOf(members.orgId, members.userId),
      createdAtMs: members.createdAtMs,
    })
    .from(members)
    .innerJoin(users, eq(users.userId, members.userId));
}

export async function findMember(db: Database, scope: TenantScope, userId: UserId): Promise<Member | null> {
  const [row] = await selectMembers(db).where(isMember(scope, userId));
  return row ?? null;
}

/** Members by e-mail address; without a limit all of them. */
export async function listMemberRows(
  db: Database,
  { orgId }: TenantScope,
  { search = "", after = "", limit = -1 }: { search?: string; after?: string; limit?: number },
): Promise<Member[]> {
  const isFound = search === "" ? undefined : sql`instr(lower(${users.email}), ${search.toLowerCase()}) > 0`;
  return selectMembers(db)
    .where(and(eq(members.orgId, orgId), isFound, gt(users.email, after)))
    .orderBy(asc(users.email))
    .limit(limit);
}

/** The names of the places of the org that these members have something to do with. */
export async function readPlaceNames(
  db: Database,
  { orgId }: TenantScope,
  rows: readonly Member[],
): Promise<ReadonlyMap<string, string>> {
  const ids = new Set(rows.flatMap((row) => row.grants.flatMap((grant) => [grant.workspaceId, grant.projectId])));
  const asked = sql`(select value from json_each(${JSON.stringify([...ids])}))`;
  const named = await db.all<{ id: string; name: string }>(sql`
    select "workspaceId" as id, name from ${workspaces} where "orgId" = ${orgId} and "workspaceId" in ${asked}
    union all select "projectId", name from ${projects} where "orgId" = ${orgId} and "projectId" in ${asked}`);
  return new Map(named.map(({ id, name }) => [id, name]));
}

/** Removes a member with what was granted to them; nothing happens to the only owner. */
export function deleteMember(scope: TenantScope, userId: UserId): SQL {
  return sql`delete from ${members} where ${isMember(scope, userId)} and ${keepsAnOwner(scope, userId)}`;
}

/** Changes a member's role from the one that was read; nothing happens to the only owner. */
export function changeRole(
  scope: TenantScope,
  { userId, from, to }: { userId: UserId; from: Role | null; to: Role | null },
): SQL {
  return sql`update ${members} set role = ${to}
    where ${isMember(scope, userId)} and ${members.role} is ${from} and ${keepsAnOwner(scope, userId)}`;
}

/** Where a grant holds: a place of the org. */
export interface GrantPlace {
  readonly placeId: WorkspaceId | ProjectId;
  readonly workspaceId: WorkspaceId;
  readonly projectId: ProjectId | null;
}

interface GrantChange {
  readonly userId: UserId;
  readonly place: GrantPlace;
  /** As it was read; null where there was none. */
  readonly from: Role | null;
}

/** Gives a member a role at a place, or another one than was read. */
export function writeGrant(
  scope: TenantScope,
  { userId, place, from, to, nowMs }: GrantChange & { readonly to: Role; readonly nowMs: number },
): SQL {
  if (from !== null)
    return sql`update ${grants} set role = ${to} where ${isGrant(scope, { userId, place })} and ${eq(grants.role, from)}`;
  return insertWhen(
    grants,
    { orgId: scope.orgId, userId, ...place, role: to, createdAtMs: nowMs },
    sql`exists (select 1 from ${members} where ${isMember(scope, userId)})`,
  );
}

export function deleteGrant(scope: TenantScope, { userId, place, from }: GrantChange): SQL {
  return sql`delete from ${grants} where ${isGrant(scope, { userId, place })} and ${grants.role} is ${from}`;
}

function isGrant({ orgId }: TenantScope, { userId, place }: Pick<GrantChange, "userId" | "place">) {
  return and(eq(grants.orgId, orgId), eq(grants.userId, userId), eq(grants.placeId, place.placeId));
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
