import { asc, eq, isNull, and } from "drizzle-orm";
import type { TenantScope } from "../auth/scope.ts";
import type { Database } from "../db/database.ts";
import { auditChains, auditWitnesses, servers } from "../db/schema.ts";
import type { AuditStandingView } from "./views.ts";

/** How an org's audit stands: how far it goes, who has signed for it, and what was found when it was verified last. */
export async function readStanding(db: Database, { orgId }: TenantScope): Promise<AuditStandingView> {
  const [chain] = await db.select().from(auditChains).where(eq(auditChains.chainId, orgId));
  const rows = await db
    .select({ serverId: servers.serverId, name: servers.name, witness: auditWitnesses })
    .from(servers)
    .leftJoin(auditWitnesses, and(eq(auditWitnesses.serverId, servers.serverId), eq(auditWitnesses.orgId, orgId)))
    .where(and(eq(servers.orgId, orgId), isNull(servers.revokedAtMs)))
    .orderBy(asc(servers.name), asc(servers.serverId));
  const { seq = 0, hash = "", cutSeq = 0, cutAtMs = 0, keptDays = null } = chain ?? {};
  const { verifiedAtMs = null, verifiedSeq = 0, verifiedFault: fault = null } = chain ?? {};
  return {
    head: { seq, hash },
    cut: cutSeq === 0 ? null : { seq: cutSeq, atMs: cutAtMs },
    keptDays,
    verified: verifiedAtMs === null ? null : { seq: verifiedSeq, atMs: verifiedAtMs, fault },
    witnesses: rows.map(({ serverId, name, witness }) => ({
      serverId,
      name,
      holds: witness !== null && witness.seq > 0 ? { seq: witness.seq, hash: witness.hash, atMs: witness.atMs } : null,
      conflictSeq: witness?.conflictSeq ?? null,
    })),
  };
}
