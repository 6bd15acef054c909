import { setImmediate as endOfTurn } from "node:timers/promises";
import type { ChainId } from "@quarterdeck/core/audit/chain";
import type { Id } from "@quarterdeck/core/ids";
import { and, desc, eq, gte, lt, lte, or } from "drizzle-orm";
import type { Database } from "../db/database.ts";
import { auditEntries } from "../db/schema.ts";
import { isOfChain } from "./chain-repo.ts";
import { entryMatcher, type EntryFilter } from "./entry-filter.ts";
import { readEntryNames } from "./entry-names.ts";
import type { NamedEntry } from "./views.ts";

const batchEntries = 500;
/** So many are looked at for one page: who looks for something rare asks again for what is older. */
const lookedAtMost = 5_000;

interface Place {
  readonly atMs: number;
  readonly entryId: Id<"entry">;
}

interface Asked {
  readonly filter: EntryFilter;
  /** Of an answer before; null: the newest. */
  readonly cursor: string | null;
  readonly limit: number;
}

/** A page of a chain's entries that match, the newest first. `platform` has what belongs to no org. */
export async function listEntries(
  db: Database,
  chainId: ChainId,
  { filter, cursor, limit }: Asked,
): Promise<{ entries: NamedEntry[]; next: string | null }> {
  const matches = entryMatcher(filter);
  const entries: NamedEntry[] = [];
  let before = cursor === null ? null : readCursor(cursor);
  for (let lookedAt = 0; lookedAt < lookedAtMost; lookedAt += batchEntries) {
    const batch = await readNamed(db, chainId, { filter, before });
    for (const entry of batch) {
      if (matches(entry)) entries.push(entry);
      before = entry;
      if (entries.length === limit) return { entries, next: toCursor(before) };
    }
    if (batch.length < batchEntries) return { entries, next: null };
    await endOfTurn(); // Others are answered in between.
  }
  return { entries, next: before === null ? null : toCursor(before) };
}

async function readNamed(
  db: Database,
  chainId: ChainId,
  { filter: { fromMs, toMs }, before }: { filter: EntryFilter; before: Place | null },
): Promise<NamedEntry[]> {
  const { atMs, entryId } = auditEntries;
  const isOlder =
    before &&
    and(lte(atMs, before.atMs), or(lt(atMs, before.atMs), and(eq(atMs, before.atMs), lt(entryId, before.entryId))));
  const rows = await db
    .select()
    .from(auditEntries)
    .where(
      and(
        isOfChain(chainId),
        fromMs === undefined ? undefined : gte(atMs, fromMs),
        toMs === undefined ? undefined : lt(atMs, toMs),
        isOlder ?? undefined,
      ),
    )
    .orderBy(desc(atMs), desc(entryId))
    .limit(batchEntries);
  return nameEntries(db, chainId, rows);
}

type EntryRow = Omit<NamedEntry, "actorName" | "subjectName">;

/** The same with what their actors and subjects are called now. */
export async function nameEntries(db: Database, chainId: ChainId, rows: readonly EntryRow[]): Promise<NamedEntry[]> {
  const ids = rows.flatMap(({ actor, subject }) => (subject === null ? [actor] : [actor, subject]));
  const names = await readEntryNames(db, chainId, ids);
  return rows.map(({ entryId, seq, atMs, actor, address, action, subject, outcome, detail }) => ({
    entryId,
    seq,
    atMs,
    actor,
    actorName: names.get(actor) ?? null,
    address,
    action,
    subject,
    subjectName: (subject !== null && names.get(subject)) || null,
    outcome,
    detail,
  }));
}

function toCursor({ atMs, entryId }: Place): string {
  return `${atMs}.${entryId}`;
}

function readCursor(cursor: string): Place {
  const [atMs, entryId] = cursor.split(".");
  return { atMs: Number(atMs), entryId: entryId as Id<"entry"> };
}
