import { hash } from "node:crypto";
import type { AuditRecord, ChainedRecord, ChainHead, ChainId } from "@quarterdeck/core/audit/chain";
import { emptyChain } from "@quarterdeck/core/audit/chain";
import type { OrgId, ServerId } from "@quarterdeck/core/ids";
import { and, asc, eq, gt, isNull, lte, ne, or, sql, type SQL } from "drizzle-orm";
import type { Database } from "../db/database.ts";
import { insertWhen, previousChanged } from "../db/insert-when.ts";
import { auditChains, auditEntries, auditWitnesses } from "../db/schema.ts";
import { holdsClaim, type Claim } from "../outbox/claim.ts";
import type { Statement } from "../writer.ts";

// The sequencer works for all orgs, and each entry says whose chain it is in.

export function sha256(text: string): string {
  return hash("sha256", text, "base64url");
}

/** That an entry is in a chain, or waits for its place there. */
export function isOfChain(chainId: ChainId): SQL {
  return chainId === "platform" ? isNull(auditEntries.orgId) : eq(auditEntries.orgId, chainId);
}

const record = {
  entryId: auditEntries.entryId,
  atMs: auditEntries.atMs,
  actor: auditEntries.actor,
  address: auditEntries.address,
  action: auditEntries.action,
  subject: auditEntries.subject,
  outcome: auditEntries.outcome,
  detail: auditEntries.detail,
};

/** The entries that wait for their place, in the order in which they were written. */
export async function readUnchained(db: Database, limit: number): Promise<Map<ChainId, AuditRecord[]>> {
  const rows = await db
    .select({ orgId: auditEntries.orgId, ...record })
    .from(auditEntries)
    .where(isNull(auditEntries.seq))
    .orderBy(sql`rowid`)
    .limit(limit);
  return Map.groupBy(
    rows.map(({ orgId, ...entry }) => ({ chainId: orgId ?? ("platform" as const), ...entry })),
    ({ chainId }) => chainId,
  );
}

export async function readChainHead(db: Database, chainId: ChainId): Promise<ChainHead> {
  const [row] = await db
    .select({ seq: auditChains.seq, hash: auditChains.hash })
    .from(auditChains)
    .where(eq(auditChains.chainId, chainId));
  return row ?? emptyChain;
}

/**
 * Gives entries their places, all or none: only behind the head that they were hashed with, while each of them still waits
 * and the claim is held. Doing it again changes nothing. The last statement changes a row for each entry.
 */
export function appendToChain(
  { chainId, after, entries }: { chainId: ChainId; after: ChainHead; entries: readonly ChainedRecord[] },
  claim: Claim,
): Statement[] {
  const head = entries.at(-1) ?? after;
  const places = JSON.stringify(entries.map(({ entryId, seq, hash }) => [entryId, seq, hash]));
  const waiting = sql`(select count(*) from json_each(${places}) as place cross join ${auditEntries}
    where ${auditEntries.entryId} = place.value ->> 0 and ${isNull(auditEntries.seq)})`;
  return [
    insertWhen(auditChains, { chainId, ...emptyChain }, sql`true`),
    sql`update ${auditChains} set seq = ${head.seq}, hash = ${head.hash}
      where ${and(eq(auditChains.chainId, chainId), eq(auditChains.seq, after.seq), eq(auditChains.hash, after.hash))}
      and ${holdsClaim(claim)} and ${waiting} = ${entries.length}`,
    sql`update ${auditEntries} set seq = place.value ->> 1, hash = place.value ->> 2 from json_each(${places}) as place
      where ${auditEntries.entryId} = place.value ->> 0 and ${previousChanged}`,
  ];
}

/** The hash at a place of an org's chain, the last that was cut away included; null where the chain has no such place. */
export async function findHash(db: Database, orgId: OrgId, seq: number): Promise<string | null> {
  const [row] = await db
    .select({ hash: auditEntries.hash })
    .from(auditEntries)
    .where(and(eq(auditEntries.orgId, orgId), eq(auditEntries.seq, seq)));
  if (row !== undefined) return row.hash;
  const [cut] = await db
    .select({ hash: auditChains.cutHash })
    .from(auditChains)
    .where(and(eq(auditChains.chainId, orgId), eq(auditChains.cutSeq, seq)));
  return cut?.hash ?? null;
}

/** Entries of a chain in their order, a page at a time. */
export async function readChain(
  db: Database,
  chainId: ChainId,
  { after, limit }: { after: number; limit: number },
): Promise<ChainedRecord[]> {
  const rows = await db
    .select({ ...record, seq: auditEntries.seq, hash: auditEntries.hash })
    .from(auditEntries)
    .where(and(isOfChain(chainId), gt(auditEntries.seq, after)))
    .orderBy(asc(auditEntries.seq))
    .limit(limit);
  return rows.map(({ seq, hash, ...entry }) => ({ ...entry, seq: seq ?? 0, hash: hash ?? "" }));
}

export interface OrgHead extends ChainHead {
  readonly orgId: OrgId;
}

/** The heads that are newer than what was told, of orgs in which nobody was told anything for a while. */
export async function listHeadsToTell(
  db: Database,
  { nowMs, everyMs, limit }: { nowMs: number; everyMs: number; limit: number },
): Promise<OrgHead[]> {
  const rows = await db
    .select({ chainId: auditChains.chainId, seq: auditChains.seq, hash: auditChains.hash })
    .from(auditChains)
    .where(
      and(
        gt(auditChains.seq, auditChains.toldSeq),
        // A time that is ahead was written by a clock that has jumped back since.
        or(lte(auditChains.toldAtMs, nowMs - everyMs), gt(auditChains.toldAtMs, nowMs)),
        ne(auditChains.chainId, "platform"),
      ),
    )
    .orderBy(asc(auditChains.toldAtMs))
    .limit(limit);
  return rows.flatMap(({ chainId, seq, hash }) => (chainId === "platform" ? [] : [{ orgId: chainId, seq, hash }]));
}

/** Records up to where it was told. `atMs` is null when nobody was there: then whoever comes is told at once. */
export function setTold({ orgId, seq }: OrgHead, atMs: number | null, claim: Claim): SQL {
  const when = atMs === null ? sql`` : sql`, "toldAtMs" = ${atMs}`;
  return sql`update ${auditChains} set "toldSeq" = ${seq} ${when}
    where ${and(eq(auditChains.chainId, orgId), gt(auditChains.seq, auditChains.toldSeq))} and ${holdsClaim(claim)}`;
}

/** A server is there that may hold an older head: it is told in its turn, though nothing was written since. */
export function letTell({ serverId, orgId }: { serverId: ServerId; orgId: OrgId }, guard: SQL): SQL {
  return sql`update ${auditChains} set "toldSeq" = 0 where ${eq(auditChains.chainId, orgId)} and ${guard}
    and not exists (select 1 from ${auditWitnesses}
      where ${auditWitnesses.serverId} = ${serverId} and ${auditWitnesses.seq} >= ${auditChains.seq})`;
}
