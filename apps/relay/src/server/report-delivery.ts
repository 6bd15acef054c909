import { reportAnswerSchema } from "@quarterdeck/core/protocol/relay-api";
import { secondMs } from "@quarterdeck/core/units";
import { reportBatch, retryDelayMs } from "../session/report-backoff.ts";
import { deleteReportsThrough, hasReports, oldestReports, type StoredReport } from "../storage/reports.ts";
import { updateServer } from "../storage/server-record.ts";
import type { ApiClient } from "./api-client.ts";
import type { ObjectState } from "./object-state.ts";
import { logFailure } from "./socket-errors.ts";

/** Reports are sent right after the event; the alarm takes over when the object dies in between. */
const safetyMs = 5 * secondMs;

/** Hands the stored reports to the API, in order, until it acknowledges them. */
export class ReportDelivery {
  readonly #state: ObjectState;
  readonly #api: ApiClient;
  #isSending = false;

  constructor(state: ObjectState, api: ApiClient) {
    this.#state = state;
    this.#api = api;
  }

  /** When the alarm must look after waiting reports; `null` when none waits. */
  dueMs(nowMs: number): number | null {
    if (!hasReports(this.#state.sql)) return null;
    const { retryAttempt, retryAtMs } = this.#state.server();
    return this.#isSending || retryAttempt === 0 ? nowMs + safetyMs : retryAtMs;
  }

  /** The API has just been heard, so there is no need to wait longer. */
  retryAt(nowMs: number): void {
    const { retryAttempt, retryAtMs } = this.#state.server();
    if (retryAttempt > 0 && retryAtMs > nowMs) updateServer(this.#state.sql, { retryAtMs: nowMs });
  }

  /** Sends what waits, unless it is being sent or the next try is due later. */
  async flush(nowMs: () => number): Promise<void> {
    if (this.#isSending) return;
    this.#isSending = true;
    try {
      while (hasReports(this.#state.sql)) {
        const { retryAttempt, retryAtMs } = this.#state.server();
        if (retryAttempt > 0 && retryAtMs > nowMs()) return;
        if (!(await this.#sendBatch())) {
          const attempt = retryAttempt + 1;
          updateServer(this.#state.sql, { retryAttempt: attempt, retryAtMs: nowMs() + retryDelayMs(attempt) });
          return;
        }
        if (retryAttempt > 0) updateServer(this.#state.sql, { retryAttempt: 0, retryAtMs: 0 });
      }
    } finally {
      this.#isSending = false;
    }
  }

  /** Sends the oldest reports. Returns whether the API took at least one. */
  async #sendBatch(): Promise<boolean> {
    const { serverId } = this.#state.server();
    const reports = oldestReports(this.#state.sql, reportBatch);
    const first = reports[0];
    const last = reports.at(-1);
    if (serverId === null || !first || !last) throw new Error("there are reports of a server without an id");
    try {
      const answer = await this.#api.post("/relay/reports", batchBody(serverId, reports));
      const { through, spreadMs } = reportAnswerSchema.parse(answer);
      // An API that was restored from an older copy acknowledges less; one that acknowledges more than it got is wrong.
      if (through < first.seq || through > last.seq) throw new Error(`the API acknowledged report ${through}`);
      deleteReportsThrough(this.#state.sql, through);
      if (spreadMs !== undefined && spreadMs !== this.#state.server().spreadMs) {
        updateServer(this.#state.sql, { spreadMs });
      }
      return true;
    } catch (error) {
      logFailure("reports to the API", error);
      return false;
    }
  }
}

/** The reports are JSON already. */
function batchBody(serverId: string, reports: readonly StoredReport[]): string {
  return `{"serverId":${JSON.stringify(serverId)},"reports":[${reports.map(({ body }) => body).join(",")}]}`;
}
