import { dayMs } from "@quarterdeck/core/units";
import { lte, sql } from "drizzle-orm";
import { accountLinks, passkeyChallenges, pendingSignIns } from "../db/schema.ts";
import type { Statement } from "../writer.ts";

/** Long enough for a link that is too late to be told so. */
const linksKeptMs = 30 * dayMs;

/** Deletes steps of signing in that nobody can go on with. */
export function forgetPastSteps(nowMs: number): Statement[] {
  return [
    sql`delete from ${pendingSignIns} where ${lte(pendingSignIns.expiresAtMs, nowMs)}`,
    sql`delete from ${passkeyChallenges} where ${lte(passkeyChallenges.expiresAtMs, nowMs)}`,
    sql`delete from ${accountLinks} where ${lte(accountLinks.expiresAtMs, nowMs - linksKeptMs)}`,
  ];
}
