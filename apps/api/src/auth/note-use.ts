import { minuteMs } from "@quarterdeck/core/units";
import { and, eq, sql } from "drizzle-orm";
import { authSessions } from "../db/schema.ts";
import type { Runtime } from "../runtime.ts";
import type { ValidSession } from "./lucia.ts";

const everyMs = 5 * minuteMs;

/** Writes when a session was last used, now and then: what reads must not write each time. */
export function noteUse({ clock, writer, log }: Runtime, { userId, signInId, lastUsedAtMs }: ValidSession): void {
  const nowMs = clock.nowMs();
  if (nowMs - lastUsedAtMs < everyMs) return;
  writer
    .commitSoon([
      sql`update ${authSessions} set "lastUsedAtMs" = ${nowMs}
        where ${and(eq(authSessions.userId, userId), eq(authSessions.signInId, signInId))} and "lastUsedAtMs" < ${nowMs}`,
    ])
    .catch((error: unknown) => log.error({ err: error }, "writing when a session was used failed"));
}
