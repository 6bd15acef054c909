import type { OrgId, ServerId } from "@quarterdeck/core/ids";
import { and, eq, inArray, sql, type Placeholder, type SQL } from "drizzle-orm";
import type { SQLiteColumn } from "drizzle-orm/sqlite-core";
import type { TenantScope } from "../auth/scope.ts";
import { servers, shares } from "../db/schema.ts";

/** A guest knows of the slice that it has, and of one that was taken back. */
export const knownStates = ["accepted", "withdrawn"] as const;

/** Of the table `servers`: those that an org has, or has a slice of, also one that was taken back. */
export function isReachedBy(orgId: OrgId): SQL {
  const shared = and(eq(shares.guestOrgId, orgId), inArray(shares.state, [...knownStates]));
  return sql`(${eq(servers.orgId, orgId)} or ${servers.serverId} in (select ${shares.serverId} from ${shares} where ${shared}))`;
}

/** Whether an org may have something new on a server: its own, or one of which it has a slice. */
export function mayUse({ orgId }: TenantScope, serverId: ServerId): SQL {
  const own = and(eq(servers.serverId, serverId), eq(servers.orgId, orgId));
  const shared = and(eq(shares.guestOrgId, orgId), eq(shares.serverId, serverId), eq(shares.state, "accepted"));
  return sql`(exists (select 1 from ${servers} where ${own}) or exists (select 1 from ${shares} where ${shared}))`;
}

/** Whether the slice that an org had of a server was taken back. */
export function isWithdrawn(
  orgId: OrgId | Placeholder | SQLiteColumn,
  serverId: ServerId | Placeholder | SQLiteColumn,
): SQL {
  const shared = and(eq(shares.guestOrgId, orgId), eq(shares.serverId, serverId), eq(shares.state, "withdrawn"));
  return sql`exists (select 1 from ${shares} where ${shared})`;
}

/** What the org of a row calls a server: its own name, or that which the guest gave its slice. */
export function serverNameFor(orgId: SQLiteColumn): SQL<string> {
  const shared = and(
    eq(shares.guestOrgId, orgId),
    eq(shares.serverId, servers.serverId),
    inArray(shares.state, [...knownStates]),
  );
  return sql<string>`case when ${eq(servers.orgId, orgId)} then ${servers.name}
    else coalesce((select ${shares.guestName} from ${shares} where ${shared} order by ${shares.state} limit 1), '') end`;
}
