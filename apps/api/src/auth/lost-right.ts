import type { OrgId, UserId } from "@quarterdeck/core/ids";
import { sql } from "drizzle-orm";
import { recordAudit, type AuditEntry } from "../audit/repo.ts";
import { startNewEpoch } from "../content/new-epoch.ts";
import { previousChanged } from "../db/insert-when.ts";
import { enqueueForOrg } from "../outbox/repo.ts";
import type { Runtime } from "../runtime.ts";
import type { Unit } from "../writer.ts";

/** That a user may do less than before: signed out, lowered, or removed. */
export interface LostRight {
  readonly orgId: OrgId;
  readonly userId: UserId;
  /** The user may read nothing of the org any more. */
  readonly endsReading: boolean;
  readonly audit: Pick<AuditEntry, "actor" | "address" | "action" | "detail">;
  /** What else is written with it, whether it changes anything or not. */
  readonly also?: Unit;
}

/**
 * Takes a right away, in one unit: the change, its audit entry, the new content epoch where reading ends, and the word to
 * each of the org's servers that the user's connections end. A crash after it only delays that word (PROTOCOL 6.7).
 *
 * @param change its first statement decides; none, where the change was made elsewhere
 * @returns whether something was taken
 */
export async function takeRight(runtime: Runtime, lost: LostRight, change: Unit): Promise<boolean> {
  const { orgId, userId, endsReading, audit, also = [] } = lost;
  const nowMs = runtime.clock.nowMs();
  const [first] = await runtime.writer.commit([
    ...change,
    recordAudit(
      runtime,
      { orgId, subject: userId, outcome: "done", ...audit },
      change.length > 0 ? previousChanged : sql`true`,
    ),
    ...(endsReading ? startNewEpoch(runtime, { orgId }, audit) : []),
    ...enqueueForOrg({ orgId }, { entry: { kind: "revokeViewers", userId, atMs: nowMs }, nowMs }, previousChanged),
    ...also,
  ]);
  if (first?.rowsChanged !== 1) return false;
  runtime.nudgeOutbox();
  return true;
}
