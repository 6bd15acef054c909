import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import type { UserId } from "@quarterdeck/core/ids";
import { minuteMs } from "@quarterdeck/core/units";
import { and, eq, gt, sql } from "drizzle-orm";
import { insertWhen } from "../db/insert-when.ts";
import { pendingSignIns, users } from "../db/schema.ts";
import { hashToken, makeToken } from "../random-token.ts";
import type { Runtime } from "../runtime.ts";

const livesMs = 10 * minuteMs;

/** Somebody who has given the right password, and still has to give the second factor. */
export interface PendingSignIn {
  readonly token: string;
  readonly userId: UserId;
  readonly email: string;
}

/** Keeps that a password was right; answers the token to go on with. It is no session and opens nothing. */
export async function startPendingSignIn({ writer, clock }: Runtime, userId: UserId): Promise<string> {
  const token = makeToken("qd_pending");
  const row = { tokenHash: hashToken(token), userId, expiresAtMs: clock.nowMs() + livesMs };
  await writer.commit([insertWhen(pendingSignIns, row, sql`true`)]);
  return token;
}

/** @throws QuarterdeckError TOKEN_EXPIRED */
export async function readPendingSignIn({ db, clock }: Runtime, token: string): Promise<PendingSignIn> {
  const isIt = and(eq(pendingSignIns.tokenHash, hashToken(token)), gt(pendingSignIns.expiresAtMs, clock.nowMs()));
  const [row] = await db
    .select({ userId: pendingSignIns.userId, email: users.email })
    .from(pendingSignIns)
    .innerJoin(users, eq(users.userId, pendingSignIns.userId))
    .where(isIt);
  if (row === undefined) throw overdue();
  return { token, ...row };
}

/**
 * Ends it, once: of two answers at the same time one goes on.
 *
 * @throws QuarterdeckError TOKEN_EXPIRED
 */
export async function finishPendingSignIn({ writer }: Runtime, { token }: PendingSignIn): Promise<void> {
  const [ended] = await writer.commit([
    sql`delete from ${pendingSignIns} where ${eq(pendingSignIns.tokenHash, hashToken(token))}`,
  ]);
  if (ended?.rowsChanged !== 1) throw overdue();
}

function overdue(): QuarterdeckError {
  return new QuarterdeckError("TOKEN_EXPIRED", "This took too long. Sign in again with your password.");
}
