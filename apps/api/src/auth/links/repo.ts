import type { Id, UserId } from "@quarterdeck/core/ids";
import { and, asc, eq, gt, inArray, isNotNull, isNull, sql, type SQL } from "drizzle-orm";
import type { Database } from "../../db/database.ts";
import { insertWhen } from "../../db/insert-when.ts";
import { accountLinks } from "../../db/schema.ts";
import type { LinkKind } from "./link-kinds.ts";

export type LinkRow = typeof accountLinks.$inferSelect;

export function insertLink(row: LinkRow, condition: SQL): SQL {
  return insertWhen(accountLinks, row, condition);
}

export async function findLink(db: Database, tokenHash: string): Promise<LinkRow | null> {
  const [row] = await db.select().from(accountLinks).where(eq(accountLinks.tokenHash, tokenHash));
  return row ?? null;
}

/** Uses a link, once and in its time. */
export function useLinkOnce({ linkId }: LinkRow, nowMs: number): SQL {
  const isGood = and(
    eq(accountLinks.linkId, linkId),
    isNull(accountLinks.usedAtMs),
    gt(accountLinks.expiresAtMs, nowMs),
  );
  return sql`update ${accountLinks} set "usedAtMs" = ${nowMs}, "sealedToken" = null where ${isGood}`;
}

/** Ends links that a change of the account makes void. */
export function deleteLinks(userId: UserId, kinds: readonly LinkKind[], condition: SQL): SQL {
  const isMeant = and(
    eq(accountLinks.userId, userId),
    inArray(accountLinks.kind, [...kinds]),
    isNull(accountLinks.usedAtMs),
  );
  return sql`delete from ${accountLinks} where ${isMeant} and ${condition}`;
}

/** Forgets the token of a link that a mail server has taken. */
export function markSent(linkId: Id<"link">, nowMs: number): SQL {
  return sql`update ${accountLinks} set "sentAtMs" = ${nowMs}, "sealedToken" = null where ${eq(accountLinks.linkId, linkId)}`;
}

/** Links that nobody was sent and that still work, the oldest first. */
export async function listUnsent(db: Database, nowMs: number): Promise<LinkRow[]> {
  const { usedAtMs, sentAtMs, sealedToken, expiresAtMs, createdAtMs } = accountLinks;
  return db
    .select()
    .from(accountLinks)
    .where(and(isNull(usedAtMs), isNull(sentAtMs), isNotNull(sealedToken), gt(expiresAtMs, nowMs)))
    .orderBy(asc(createdAtMs));
}
