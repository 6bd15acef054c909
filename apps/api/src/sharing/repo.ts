import type { OrgId, ServerId, ShareId } from "@quarterdeck/core/ids";
import { and, asc, desc, eq, gt, inArray, isNotNull, ne, sql, type SQL } from "drizzle-orm";
import type { TenantScope } from "../auth/scope.ts";
import type { Database } from "../db/database.ts";
import { members, orgs, servers, shares } from "../db/schema.ts";
import { knownStates } from "./reach-conditions.ts";
import type { ShareOfferView, SliceLimits } from "./views.ts";

export type ShareRow = typeof shares.$inferSelect;

/** A share that the org gave, or offers. */
export async function findGivenShare(db: Database, { orgId }: TenantScope, shareId: ShareId): Promise<ShareRow | null> {
  const [row] = await db
    .select()
    .from(shares)
    .where(and(eq(shares.orgId, orgId), eq(shares.shareId, shareId)));
  return row ?? null;
}

export async function listGivenShares(db: Database, { orgId }: TenantScope, serverId: ServerId) {
  return db
    .select({ share: shares, guestOrgName: orgs.name })
    .from(shares)
    .leftJoin(orgs, eq(orgs.orgId, shares.guestOrgId))
    .where(and(eq(shares.orgId, orgId), eq(shares.serverId, serverId)))
    .orderBy(desc(shares.createdAtMs), desc(shares.shareId));
}

/** What the org has, or had, of others' servers. */
export async function listReceivedShares(db: Database, { orgId }: TenantScope) {
  return db
    .select({
      share: shares,
      hostOrgName: orgs.name,
      status: servers.status,
      statusSinceMs: servers.statusSinceMs,
      revokedAtMs: servers.revokedAtMs,
    })
    .from(shares)
    .innerJoin(orgs, eq(orgs.orgId, shares.orgId))
    .innerJoin(servers, eq(servers.serverId, shares.serverId))
    .where(and(eq(shares.guestOrgId, orgId), inArray(shares.state, [...knownStates])))
    .orderBy(asc(shares.acceptedAtMs));
}

/** The offer that a code is for. The code is what proves the right to it, so there is no scope. */
export async function findOffer(db: Database, tokenHash: string, nowMs: number): Promise<ShareOfferView | null> {
  const [row] = await db
    .select({
      hostOrgName: orgs.name,
      label: shares.label,
      limits: shares.limits,
      weight: shares.weight,
      expiresAtMs: shares.expiresAtMs,
    })
    .from(shares)
    .innerJoin(orgs, eq(orgs.orgId, shares.orgId))
    .where(and(eq(shares.tokenHash, tokenHash), eq(shares.state, "offered"), gt(shares.expiresAtMs, nowMs)));
  return row ?? null;
}

/** Takes an offer up, once: not of one's own server, of one that was removed, or of which the org has a slice. */
export function writeAcceptance(
  { orgId }: TenantScope,
  { tokenHash, name, nowMs }: { tokenHash: string; name: string; nowMs: number },
): SQL {
  const isOpen = and(
    eq(shares.tokenHash, tokenHash),
    eq(shares.state, "offered"),
    gt(shares.expiresAtMs, nowMs),
    ne(shares.orgId, orgId),
  );
  return sql`update ${shares} set state = 'accepted', "guestOrgId" = ${orgId}, "guestName" = ${name},
      "acceptedAtMs" = ${nowMs}, "tokenHash" = null
    where ${isOpen}
    and exists (select 1 from ${servers} where ${eq(servers.serverId, shares.serverId)} and "revokedAtMs" is null)
    and not exists (select 1 from ${shares} as other where other."serverId" = ${shares.serverId}
      and other."guestOrgId" = ${orgId} and other.state = 'accepted')`;
}

/** A slice that was taken back earlier gives way to a new one of the same server. */
export function endEarlierShares(shareId: ShareId): SQL {
  return sql`update ${shares} set state = 'ended' where state = 'withdrawn' and exists (
    select 1 from ${shares} as newer where newer."shareId" = ${shareId} and newer.state = 'accepted'
    and newer."guestOrgId" = ${shares.guestOrgId} and newer."serverId" = ${shares.serverId})`;
}

export function writeSlice(
  { orgId }: TenantScope,
  { shareId, limits, weight }: { shareId: ShareId; limits: SliceLimits; weight: number },
): SQL {
  const text = JSON.stringify(limits);
  return sql`update ${shares} set limits = ${text}, weight = ${weight}
    where ${and(eq(shares.orgId, orgId), eq(shares.shareId, shareId), inArray(shares.state, ["offered", "accepted"]))}
    and (limits <> ${text} or weight <> ${weight})`;
}

export function writeWithdrawal(
  { orgId }: TenantScope,
  { shareId, cancelsRuns, nowMs }: { shareId: ShareId; cancelsRuns: boolean; nowMs: number },
): SQL {
  return sql`update ${shares} set state = 'withdrawn', "withdrawnAtMs" = ${nowMs}, "cancelsRuns" = ${cancelsRuns ? 1 : 0},
      "tokenHash" = null
    where ${and(eq(shares.orgId, orgId), eq(shares.shareId, shareId), inArray(shares.state, ["offered", "accepted"]))}`;
}

export async function listMemberIds(db: Database, orgId: OrgId) {
  return db.select({ userId: members.userId }).from(members).where(eq(members.orgId, orgId));
}

/** Shares that were taken back from a guest: what it has waiting there is to end. */
export async function listWithdrawnShares(db: Database): Promise<ShareRow[]> {
  return db
    .select()
    .from(shares)
    .where(and(eq(shares.state, "withdrawn"), isNotNull(shares.guestOrgId)));
}
