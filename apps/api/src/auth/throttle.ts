import { createHash } from "node:crypto";
import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import { minuteMs, secondMs } from "@quarterdeck/core/units";
import { eq, sql } from "drizzle-orm";
import { attempts } from "../db/schema.ts";
import type { Runtime } from "../runtime.ts";
import { steadyNowMs } from "./steady-time.ts";

const windowMs = 15 * minuteMs;
/** A window that ends later than this was made by a clock that ran ahead. */
const furthestEndMs = windowMs + minuteMs;

export interface ThrottleRule {
  /** What is counted, for example `sign-in|ada@example.com|127.0.0.1`. Only its hash is stored. */
  readonly key: string;
  readonly most: number;
}

/** Counts an attempt, and refuses it when there were too many of its kind. It counts before it knows the outcome. */
export async function countAttempt({ db, writer, clock }: Runtime, rules: readonly ThrottleRule[]): Promise<void> {
  const nowMs = steadyNowMs(clock);
  const isOver = sql`("windowEndsAtMs" <= ${nowMs} or "windowEndsAtMs" > ${nowMs + furthestEndMs})`;
  await writer.commit(
    rules.map(
      ({
        key,
      }) => sql`insert into ${attempts} values (${hashKey(key)}, 1, ${nowMs + windowMs}) on conflict (key) do update set
        count = case when ${isOver} then 1 else count + 1 end,
        "windowEndsAtMs" = case when ${isOver} then ${nowMs + windowMs} else "windowEndsAtMs" end`,
    ),
  );
  for (const { key, most } of rules) {
    const [row] = await db
      .select()
      .from(attempts)
      .where(eq(attempts.key, hashKey(key)));
    if (row !== undefined && row.count > most) {
      const retryAfterMs = Math.max(secondMs, row.windowEndsAtMs - nowMs);
      const minutes = Math.ceil(retryAfterMs / minuteMs);
      throw new QuarterdeckError(
        "RATE_LIMITED",
        `Too many attempts. Try again in ${minutes} minute${minutes === 1 ? "" : "s"}.`,
        { retryAfterMs },
      );
    }
  }
}

/** Forgets the attempts of a key, after one that succeeded. */
export async function forgetAttempts({ writer }: Runtime, key: string): Promise<void> {
  await writer.commit([sql`delete from ${attempts} where ${eq(attempts.key, hashKey(key))}`]);
}

function hashKey(key: string): string {
  return createHash("sha256").update(key).digest("base64url");
}
