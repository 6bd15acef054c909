import { emptyChain, type ChainHead, type ChainId } from "@quarterdeck/core/audit/chain";
import type { SignedText } from "@quarterdeck/core/protocol/signing";
import { and, desc, eq, isNotNull, sql, type SQL } from "drizzle-orm";
import type { Database } from "../db/database.ts";
import { insertWhen, previousChanged } from "../db/insert-when.ts";
import { auditChains, auditCuts, auditEntries } from "../db/schema.ts";
import type { Statement } from "../writer.ts";
import { isOfChain } from "./chain-repo.ts";

/** A chain whose old entries are deleted by its org's rule. */
export interface KeptChain {
  readonly chainId: ChainId;
  readonly keptDays: number;
  /** The newest entry that was deleted, and when. */
  readonly cut: ChainHead;
  readonly cutAtMs: number;
}

export async function listKeptChains(db: Database): Promise<KeptChain[]> {
  const rows = await db.select().from(auditChains).where(isNotNull(auditChains.keptDays));
  return rows.map(({ chainId, keptDays, cutSeq, cutHash, cutAtMs }) => ({
    chainId,
    keptDays: keptDays ?? 0,
    cut: { seq: cutSeq, hash: cutHash },
    cutAtMs,
  }));
}

/** Where a chain begins: after the newest entry that was cut away, or after nothing. */
export async function readCut(db: Database, chainId: ChainId): Promise<ChainHead> {
  const [row] = await db
    .select({ seq: auditChains.cutSeq, hash: auditChains.cutHash })
    .from(auditChains)
    .where(eq(auditChains.chainId, chainId));
  return row ?? emptyChain;
}

/** The platform's word for the newest cut; null where nothing was cut. */
export async function readCutStatement(db: Database, chainId: ChainId): Promise<SignedText | null> {
  const [row] = await db
    .select()
    .from(auditCuts)
    .where(eq(auditCuts.chainId, chainId))
    .orderBy(desc(auditCuts.seq))
    .limit(1);
  return row?.statement ?? null;
}

/** Records a cut, while the rule and the cut before are those that it was made from. */
export function setCut(
  { chainId, keptDays, cut: before }: KeptChain,
  { cut, atMs, statement }: { cut: ChainHead; atMs: number; statement: SignedText },
): Statement[] {
  return [
    sql`update ${auditChains} set "cutSeq" = ${cut.seq}, "cutHash" = ${cut.hash}, "cutAtMs" = ${atMs}
      where ${and(eq(auditChains.chainId, chainId), eq(auditChains.cutSeq, before.seq), eq(auditChains.keptDays, keptDays))}`,
    insertWhen(auditCuts, { chainId, seq: cut.seq, statement }, previousChanged),
  ];
}

/** Deletes some of the entries that a recorded cut stands for. Doing it again deletes the next. */
export function deleteCutEntries(chainId: ChainId, limit: number): SQL {
  return sql`delete from ${auditEntries} where rowid in (select rowid from ${auditEntries} where ${isOfChain(chainId)}
    and seq <= (select "cutSeq" from ${auditChains} where ${eq(auditChains.chainId, chainId)}) order by seq limit ${limit})`;
}

/** Sets how long the entries of a chain are kept; null: for ever. */
export function setKeptDays(chainId: ChainId, keptDays: number | null): Statement[] {
  return [
    insertWhen(auditChains, { chainId, ...emptyChain }, sql`true`),
    sql`update ${auditChains} set "keptDays" = ${keptDays} where ${eq(auditChains.chainId, chainId)}
      and "keptDays" is not ${keptDays}`,
  ];
}
