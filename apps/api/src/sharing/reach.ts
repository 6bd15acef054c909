import type { ServerId } from "@quarterdeck/core/ids";
import type { Capabilities } from "@quarterdeck/core/protocol/capabilities";
import type { Resources } from "@quarterdeck/core/quota/resources";
import { and, asc, eq, inArray, sql } from "drizzle-orm";
import type { TenantScope } from "../auth/scope.ts";
import type { Database } from "../db/database.ts";
import { prepared } from "../db/prepared.ts";
import { shares } from "../db/schema.ts";
import { findServer, type Server } from "../servers/repo.ts";
import { knownStates } from "./reach-conditions.ts";
import type { SliceLimits } from "./views.ts";

/** A server that an org may know of: its own, or one of which it has a slice, as far as a guest may know it. */
export interface ReachableServer extends Server {
  /** Whether another org's slice was taken back; null for a server of one's own. */
  readonly share: { readonly isWithdrawn: boolean } | null;
}

const oneShare = prepared((db) =>
  db
    .select({ orgId: shares.orgId, state: shares.state, guestName: shares.guestName, limits: shares.limits })
    .from(shares)
    .where(
      and(
        eq(shares.guestOrgId, sql.placeholder("orgId")),
        eq(shares.serverId, sql.placeholder("serverId")),
        inArray(shares.state, [...knownStates]),
      ),
    )
    .orderBy(asc(shares.state))
    .limit(1)
    .prepare(),
);

export async function findReachableServer(
  db: Database,
  scope: TenantScope,
  serverId: ServerId,
): Promise<ReachableServer | null> {
  const own = await findServer(db, scope, serverId);
  if (own !== null) return { ...own, share: null };
  const [share] = await oneShare(db).all({ orgId: scope.orgId, serverId });
  const server = share === undefined ? null : await findServer(db, share, serverId);
  if (share === undefined || server === null) return null;
  return {
    ...server,
    name: share.guestName ?? "",
    capabilities: server.capabilities && inSlice(server.capabilities, share.limits),
    share: { isWithdrawn: share.state === "withdrawn" },
  };
}

/** What a guest may know of what a server can: no more room than its slice has, and no word of its owner's policy. */
function inSlice(said: Capabilities, limits: SliceLimits): Capabilities {
  const capabilities = { ...said };
  delete capabilities.policy;
  const { cpu, memory, runs } = capabilities.capacity;
  const least = (name: keyof Resources, offered: number) => Math.min(offered, limits[name] ?? offered);
  return {
    ...capabilities,
    capacity: { cpu: least("cpu", cpu), memory: least("memory", memory), runs: least("runs", runs) },
  };
}
