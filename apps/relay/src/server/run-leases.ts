import { beginAbsence, leaseEndMs, lookAtAbsence } from "@quarterdeck/core/protocol/lease";
import { limits } from "@quarterdeck/core/protocol/limits";
import { listLeases } from "../storage/leases.ts";
import { updateServer } from "../storage/server-record.ts";
import type { ObjectState } from "./object-state.ts";

/**
 * What is kept for runs of a server that has no connection. A connection renews all of its runs' leases by being there, so
 * that nothing is written while it is.
 */
export class RunLeases {
  readonly #state: Pick<ObjectState, "sql" | "server" | "desk" | "transact">;
  /** The earliest end, counted from the beginning of the absence; a cache: while a server is away no run is handed to it. */
  #firstEndMs: number | null | undefined;
  /** A look that failed, as on a full storage, is tried again then and not at once. */
  #retryAtMs: number | null = null;

  constructor(state: Pick<ObjectState, "sql" | "server" | "desk" | "transact">) {
    this.#state = state;
  }

  /** The server has no connection any more. Call it in the transaction that says so. */
  begin(nowMs: number): void {
    updateServer(this.#state.sql, { absence: beginAbsence(nowMs) });
    this.#firstEndMs = undefined;
  }

  /** When the clock must be looked at; `null` when nothing is kept for an absent server. */
  dueMs(nowMs: number): number | null {
    const { absence } = this.#state.server();
    const endMs = this.#endMs();
    if (absence === null || endMs === null) return null;
    // A clock that went back would let the alarm wait until it has caught up.
    if (nowMs < absence.seenMs) return nowMs;
    const lookMs = Math.min(absence.seenMs + limits.leaseLookMs, endMs);
    return this.#retryAtMs === null ? lookMs : Math.max(lookMs, this.#retryAtMs);
  }

  /** Looks at the clock, if that is due, and ends the runs whose interval is over. */
  look(nowMs: number): void {
    const { absence } = this.#state.server();
    const dueMs = this.dueMs(nowMs);
    if (absence === null || dueMs === null || dueMs > nowMs) return;
    this.#retryAtMs = nowMs + limits.leaseLateMs;
    this.#state.transact(() => {
      const seen = lookAtAbsence(absence, nowMs);
      updateServer(this.#state.sql, { absence: seen });
      const over = listLeases(this.#state.sql).filter((run) => leaseEndMs(run, seen.sinceMs) <= nowMs);
      this.#state.desk.endLeases(
        over.map(({ runId }) => runId),
        nowMs,
      );
    });
    this.#firstEndMs = undefined;
    this.#retryAtMs = null;
  }

  #endMs(): number | null {
    const { absence } = this.#state.server();
    if (absence === null) return null;
    if (this.#firstEndMs === undefined) {
      const ends = listLeases(this.#state.sql).map((run) => leaseEndMs(run, absence.sinceMs));
      this.#firstEndMs = ends.length === 0 ? null : Math.min(...ends);
    }
    return this.#firstEndMs;
  }
}
