import type { OrgId, SignInId, UserId } from "@quarterdeck/core/ids";
import { and, desc, eq, gt, ne, sql, type SQL } from "drizzle-orm";
import type { Database } from "../db/database.ts";
import { authSessions, members } from "../db/schema.ts";
import { longestSessionMs } from "./lucia.ts";

/** The sessions of a user that still let in, the newest use first. */
export async function listSessions(db: Database, userId: UserId, nowMs: number) {
  const { createdAtMs, expiresAtMs, lastUsedAtMs } = authSessions;
  const isGood = and(gt(expiresAtMs, nowMs), gt(createdAtMs, nowMs - longestSessionMs));
  return db
    .select()
    .from(authSessions)
    .where(and(eq(authSessions.userId, userId), isGood))
    .orderBy(desc(lastUsedAtMs));
}

/** The orgs whose servers a user may be connected to. */
export async function listOrgIds(db: Database, userId: UserId): Promise<OrgId[]> {
  const rows = await db.select({ orgId: members.orgId }).from(members).where(eq(members.userId, userId));
  return rows.map(({ orgId }) => orgId);
}

/** Which of a user's sessions are meant. */
export type SessionChoice =
  | { readonly signInId: SignInId }
  | { readonly allBut: string /* the hash of a token */ }
  | "all";

/** Ends sessions; answers the hashes of their tokens. */
export function deleteSessions(userId: UserId, choice: SessionChoice, condition: SQL): SQL {
  const isMeant =
    choice === "all"
      ? sql`true`
      : "signInId" in choice
        ? eq(authSessions.signInId, choice.signInId)
        : ne(authSessions.tokenHash, choice.allBut);
  return sql`delete from ${authSessions} where ${and(eq(authSessions.userId, userId), isMeant)} and ${condition}
    returning "tokenHash"`;
}

interface Move {
  readonly from: string;
  readonly to: string;
  readonly address: string;
  readonly nowMs: number;
}

/** Gives a session a new token: the old one lets nobody in any more. Who got it has just proved who they are. */
export function moveSession({ from, to, address, nowMs }: Move, condition: SQL): SQL {
  return sql`update ${authSessions} set "tokenHash" = ${to}, "authenticatedAtMs" = ${nowMs}, "lastUsedAtMs" = ${nowMs},
    address = ${address} where ${eq(authSessions.tokenHash, from)} and ${condition}`;
}

export function isSession(tokenHash: string): SQL {
  return sql`exists (select 1 from ${authSessions} where ${eq(authSessions.tokenHash, tokenHash)})`;
}
