import type { RunId } from "@quarterdeck/core/ids";
import type { LeasedRun } from "@quarterdeck/core/protocol/lease";
import { readNumber, readText, type Sql } from "./sql.ts";

export interface StoredLease extends LeasedRun {
  readonly runId: RunId;
}

/** The runs that were handed to the bridge and have not ended. */
export function listLeases(sql: Sql): StoredLease[] {
  return sql
    .exec(`SELECT run_id, is_detached, timeout_ms, expires_at_ms FROM runs WHERE seq IS NOT NULL ORDER BY position`)
    .toArray()
    .map((row) => ({
      runId: readText(row, "run_id") as RunId,
      isDetached: readNumber(row, "is_detached") === 1,
      timeoutMs: readNumber(row, "timeout_ms"),
      expiresAtMs: readNumber(row, "expires_at_ms"),
    }));
}
