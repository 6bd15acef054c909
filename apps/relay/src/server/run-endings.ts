import type { RunId } from "@quarterdeck/core/ids";
import type { CommandQueue, Unfit } from "../session/command-queue.ts";
import { rememberEnded } from "../storage/ended-runs.ts";
import { appendReport, type NewReport } from "../storage/reports.ts";
import { deleteRun, findRun } from "../storage/runs.ts";
import type { Sql } from "../storage/sql.ts";

type Ending = Omit<Extract<NewReport, { kind: "ended" }>, "kind" | "atMs" | "runId">;

export const cancelledHere: Ending = {
  verdict: "cancelled",
  code: "CANCELLED",
  message: "It was cancelled before it reached the server.",
};

export const leaseOver: Ending = {
  verdict: "indeterminate",
  code: "LEASE_EXPIRED",
  message:
    "Its server was away for longer than it may run without the platform, so it is unknown how it ended, or whether it began. If the server comes back and knows, that is recorded here.",
};

export const recordsLost: Ending = {
  verdict: "indeterminate",
  code: "BRIDGE_STATE_LOST",
  message: "The server lost its records, so it is unknown whether this ran to its end.",
};

export const notFollowing: Ending = {
  verdict: "refused",
  code: "DEPENDENCY_FAILED",
  message:
    "A task that it was to run after did not succeed, so it was not started. Look at that one, and submit both again.",
};

/** How runs end at the relay, and with one that did not succeed all that was to follow it. */
export class RunEndings {
  readonly #sql: Sql;
  readonly #queue: () => CommandQueue;

  constructor(sql: Sql, queue: () => CommandQueue) {
    this.#sql = sql;
    this.#queue = queue;
  }

  /** Ends a run that did not succeed, and with it all that was to follow it. */
  end(runId: RunId, ending: Ending, nowMs: number): void {
    const ends = [{ runId, ending }];
    const isSaid = new Set([runId]);
    for (const end of ends) {
      const followers = this.forget(end.runId, { hasSucceeded: false }, nowMs);
      appendReport(this.#sql, { kind: "ended", atMs: nowMs, runId: end.runId, ...end.ending });
      for (const follower of followers) {
        if (!isSaid.has(follower)) ends.push({ runId: follower, ending: notFollowing });
        isSaid.add(follower);
      }
    }
  }

  /** Ends what could never start. */
  endUnfit(unfit: readonly (Unfit | undefined)[], nowMs: number): void {
    for (const run of unfit) {
      // It may have ended with another one that it was to follow.
      if (!run || !findRun(this.#sql, run.runId)) continue;
      this.end(run.runId, { verdict: "refused", code: "QUOTA_EXCEEDED", message: run.message }, nowMs);
    }
  }

  /** Takes a run that is over out of everything. Returns what waited for it to succeed, if it did not. */
  forget(runId: RunId, end: { durationMs?: number; hasSucceeded: boolean }, nowMs: number): RunId[] {
    const queue = this.#queue();
    const followers = end.hasSucceeded ? [] : queue.followers(runId);
    if (!queue.ended(runId, end.durationMs)) queue.remove(runId);
    deleteRun(this.#sql, runId);
    rememberEnded(this.#sql, runId, { state: "ended", atMs: nowMs, hasSucceeded: end.hasSucceeded });
    return followers;
  }
}
