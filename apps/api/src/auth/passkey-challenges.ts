import type { UserId } from "@quarterdeck/core/ids";
import { minuteMs } from "@quarterdeck/core/units";
import { and, eq, gt, sql } from "drizzle-orm";
import { insertWhen } from "../db/insert-when.ts";
import { passkeyChallenges } from "../db/schema.ts";
import { hashToken } from "../random-token.ts";
import type { Runtime } from "../runtime.ts";

/** What an authenticator is asked for. What it signed for one kind is worth nothing for another. */
export type CeremonyKind = "add" | "first" | "signIn" | "secondFactor" | "stepUp";

export interface Ceremony {
  readonly kind: CeremonyKind;
  /** Whose it is; null where only the answer says so. */
  readonly userId: UserId | null;
}

const livesMs = 5 * minuteMs;

export async function keepChallenge(runtime: Runtime, { kind, userId }: Ceremony, challenge: string): Promise<void> {
  const expiresAtMs = runtime.clock.nowMs() + livesMs;
  const row = { challengeHash: hashToken(challenge), kind, userId, expiresAtMs };
  await runtime.writer.commit([insertWhen(passkeyChallenges, row, sql`true`)]);
}

/** Takes a challenge away; whether it was one of this ceremony and still good. */
export async function takeChallenge(runtime: Runtime, { kind, userId }: Ceremony, challenge: string): Promise<boolean> {
  const { challengeHash, expiresAtMs, ...columns } = passkeyChallenges;
  const isIt = and(
    eq(challengeHash, hashToken(challenge)),
    eq(columns.kind, kind),
    sql`${columns.userId} is ${userId}`,
    gt(expiresAtMs, runtime.clock.nowMs()),
  );
  const [taken] = await runtime.writer.commit([sql`delete from ${passkeyChallenges} where ${isIt}`]);
  return taken?.rowsChanged === 1;
}
