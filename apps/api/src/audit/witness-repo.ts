import type { ChainHead } from "@quarterdeck/core/audit/chain";
import type { OrgId, ServerId } from "@quarterdeck/core/ids";
import type { HeldHeads } from "@quarterdeck/core/protocol/audit-head";
import { hasFeature } from "@quarterdeck/core/protocol/features";
import { and, asc, eq, isNull, lt, or, sql, type SQL } from "drizzle-orm";
import type { Database } from "../db/database.ts";
import { auditWitnesses, servers } from "../db/schema.ts";
import type { OrgHead } from "./chain-repo.ts";

/** The servers whose bridges are there, know what a head is, and are not known to hold this one. */
export async function listPossibleWitnesses(db: Database, { orgId, seq }: OrgHead): Promise<ServerId[]> {
  const rows = await db
    .select({ serverId: servers.serverId, capabilities: servers.capabilities })
    .from(servers)
    .leftJoin(auditWitnesses, eq(auditWitnesses.serverId, servers.serverId))
    .where(
      and(
        eq(servers.orgId, orgId),
        eq(servers.status, "online"),
        isNull(servers.revokedAtMs),
        or(isNull(auditWitnesses.seq), lt(auditWitnesses.seq, seq)),
      ),
    )
    .orderBy(asc(servers.serverId));
  return rows.filter(({ capabilities }) => hasFeature(capabilities, "auditHeads")).map(({ serverId }) => serverId);
}

/** The heads of an org's audit that its bridges hold by what they signed, also those that are not in the chain. */
export async function listWitnessedHeads(db: Database, orgId: OrgId): Promise<ChainHead[]> {
  const rows = await db.select().from(auditWitnesses).where(eq(auditWitnesses.orgId, orgId));
  return rows.flatMap(({ seq, hash, conflictSeq, conflictHash }) => [
    ...(seq > 0 ? [{ seq, hash }] : []),
    ...(conflictSeq !== null && conflictHash !== null ? [{ seq: conflictSeq, hash: conflictHash }] : []),
  ]);
}

interface Witness {
  readonly serverId: ServerId;
  readonly orgId: OrgId;
}

interface Statement extends ChainHead {
  readonly atMs: number;
  readonly evidence: HeldHeads;
}

/** Records a head that a bridge holds and that is in the chain; an older one than is recorded changes nothing. */
export function setWitness({ serverId, orgId }: Witness, said: Statement, guard: SQL): SQL {
  return sql`insert into ${auditWitnesses} ("serverId", "orgId", seq, hash, "atMs", evidence)
    select ${serverId}, ${orgId}, ${said.seq}, ${said.hash}, ${said.atMs}, ${JSON.stringify(said.evidence)} where ${guard}
    on conflict ("serverId") do update set seq = excluded.seq, hash = excluded.hash, "atMs" = excluded."atMs",
    evidence = excluded.evidence where excluded.seq >= ${auditWitnesses.seq}`;
}

/** What names a conflict to a person: which entry, and when it was found. */
export interface Finding {
  readonly seq: number;
  readonly atMs: number;
}

/** Records a head that a bridge was told and that is not in the chain. The same again changes nothing. */
export function setConflict({ serverId, orgId }: Witness, said: Statement, guard: SQL): SQL {
  return sql`insert into ${auditWitnesses} ("serverId", "orgId", "conflictSeq", "conflictHash", "conflictAtMs", "conflictEvidence")
    select ${serverId}, ${orgId}, ${said.seq}, ${said.hash}, ${said.atMs}, ${JSON.stringify(said.evidence)} where ${guard}
    on conflict ("serverId") do update set "conflictSeq" = excluded."conflictSeq", "conflictHash" = excluded."conflictHash",
    "conflictAtMs" = excluded."conflictAtMs", "conflictEvidence" = excluded."conflictEvidence", "conflictSeenAtMs" = null
    where ${auditWitnesses.conflictSeq} is not excluded."conflictSeq" or ${auditWitnesses.conflictHash} is not excluded."conflictHash"`;
}

/** Records that somebody saw a conflict, while it is the newest. Doing it again changes nothing. */
export function setAcknowledged({ serverId, orgId }: Witness, { seq, atMs }: Finding, nowMs: number): SQL {
  const isIt = and(
    eq(auditWitnesses.serverId, serverId),
    eq(auditWitnesses.orgId, orgId),
    eq(auditWitnesses.conflictSeq, seq),
    eq(auditWitnesses.conflictAtMs, atMs),
    isNull(auditWitnesses.conflictSeenAtMs),
  );
  return sql`update ${auditWitnesses} set "conflictSeenAtMs" = ${nowMs} where ${isIt}`;
}
