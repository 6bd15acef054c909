import type { OrgId } from "@quarterdeck/core/ids";
import { and, eq, sql } from "drizzle-orm";
import { servers, shares, workspaces } from "../db/schema.ts";
import type { Unit } from "../writer.ts";

/**
 * What an org that is deleted leaves to others: its slices of their servers are taken back, and a server of its own on which a
 * guest has workspaces goes to that guest, as one that was removed, so that what the guest did there stays on record.
 */
export function leaveShares(orgId: OrgId, nowMs: number): Unit {
  const guests = sql`from ${workspaces} where ${workspaces.serverId} = ${servers.serverId} and ${workspaces.orgId} <> ${orgId}`;
  const guestName = sql`(select ${shares.guestName} from ${shares} where ${shares.serverId} = ${servers.serverId}
    and ${shares.guestOrgId} = (select ${workspaces.orgId} ${guests} order by ${workspaces.orgId} limit 1) limit 1)`;
  return [
    sql`update ${shares} set "guestOrgId" = null, "guestName" = null, state = 'withdrawn', "withdrawnAtMs" = ${nowMs}
      where ${eq(shares.guestOrgId, orgId)}`,
    sql`update ${servers} set name = coalesce(${guestName}, 'shared server'), labels = '[]',
      "orgId" = (select ${workspaces.orgId} ${guests} order by ${workspaces.orgId} limit 1)
      where ${and(eq(servers.orgId, orgId), sql`exists (select 1 ${guests})`)}`,
  ];
}
