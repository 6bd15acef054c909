import { and, gt, isNull, or, sql, type SQL, type SQLWrapper } from "drizzle-orm";
import { apiKeys, serviceAccounts, users } from "../db/schema.ts";
import { servicePermissions, type Permission, type ServicePermission } from "./permissions.ts";

/** What a service account's role is narrowed to, as one column of a query that reads members; nothing for a person. */
export function narrowingOf(userId: SQLWrapper): SQL<string | null> {
  return sql<
    string | null
  >`(select coalesce("permissions", 'null') from ${serviceAccounts} where ${serviceAccounts.userId} = ${userId})`;
}

/** Null for a person: nothing is taken from what the roles give. */
export function readNarrowing(column: string | null): readonly Permission[] | null {
  return column === null ? null : narrowTo(JSON.parse(column) as readonly ServicePermission[] | null);
}

/** What is left to a service account: what it was given, or all that one may have. */
export function narrowTo(given: readonly ServicePermission[] | null): readonly Permission[] {
  return servicePermissions.filter((name) => given === null || given.includes(name));
}

/** True for a key that lets in. */
export function isLiveKey(nowMs: number): SQL | undefined {
  return and(isNull(apiKeys.revokedAtMs), or(isNull(apiKeys.endsAtMs), gt(apiKeys.endsAtMs, nowMs)));
}

/** What is shown of who did something: a person's address, a service account's name. */
export function nameOfUser(user: { readonly userId: SQLWrapper; readonly email: SQLWrapper } = users): SQL<string> {
  return sql<string>`coalesce((select name from ${serviceAccounts} where ${serviceAccounts.userId} = ${user.userId}), ${user.email})`;
}

/** True for a person: not a service account. */
export function isPerson(userId: SQLWrapper): SQL {
  return sql`not exists (select 1 from ${serviceAccounts} where ${serviceAccounts.userId} = ${userId})`;
}
