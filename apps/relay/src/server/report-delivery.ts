import { toBase64Url } from "@quarterdeck/core/base64";
import { reportAnswerSchema } from "@quarterdeck/core/protocol/relay-api";
import { secondMs } from "@quarterdeck/core/units";
import { reportBatch, retryDelayMs, retryDueMs } from "../session/report-backoff.ts";
import { deleteReportsThrough, hasReports, oldestReports, type StoredReport } from "../storage/reports.ts";
import { updateServer } from "../storage/server-record.ts";
import type { ApiClient } from "./api-client.ts";
import type { ObjectState } from "./object-state.ts";
import { logFailure } from "./socket-errors.ts";

/** Reports are sent right after the event; the alarm takes over when the object dies in between. */
const safetyMs = 5 * secondMs;

/** Hands the stored reports to the API, in order, until it acknowledges them. */
export class ReportDelivery {
  readonly #state: Pick<ObjectState, "sql" | "server">;
  readonly #api: Pick<ApiClient, "post">;
  #isSending = false;

  constructor(state: Pick<ObjectState, "sql" | "server">, api: Pick<ApiClient, "post">) {
    this.#state = state;
    this.#api = api;
  }

  /** When the alarm must look after waiting reports; `null` when none waits. */
  dueMs(nowMs: number): number | null {
    if (!hasReports(this.#state.sql)) return null;
    const { retryAttempt, retryAtMs } = this.#state.server();
    return this.#isSending || retryAttempt === 0 ? nowMs + safetyMs : retryDueMs(retryAtMs, nowMs);
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
        const startMs = nowMs();
        if (retryAttempt > 0 && retryDueMs(retryAtMs, startMs) > startMs) return;
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

  #stream(): string {
    const known = this.#state.server().reportStream;
    if (known !== null) return known;
    const reportStream = makeStream();
    updateServer(this.#state.sql, { reportStream });
    return reportStream;
  }

  /** Sends the oldest reports. Returns whether the API took at least one. */
  async #sendBatch(): Promise<boolean> {
    const { serverId } = this.#state.server();
    const reports = oldestReports(this.#state.sql, reportBatch);
    const first = reports[0];
    const last = reports.at(-1);
    if (serverId === null || !first || !last) throw new Error("there are reports of a server without an id");
    try {
      const answer = await this.#api.post("/relay/reports", batchBody({ serverId, stream: this.#stream() }, reports));
      const { through, spreadMs, isStreamOver } = reportAnswerSchema.parse(answer);
      if (isStreamOver || through > last.seq) {
        // This storage is an older copy, whose numbers the API has for other reports (PROTOCOL 8.4).
        updateServer(this.#state.sql, { reportStream: makeStream() });
        throw new Error("the API knows these numbers for other reports; they get a stream of their own");
      }
      if (through < first.seq) throw new Error(`the API acknowledged report ${through}`);
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

function makeStream(): string {
  return toBase64Url(crypto.getRandomValues(new Uint8Array(16)));
}

/** The reports are JSON already. */
function batchBody(from: { serverId: string; stream: string }, reports: readonly StoredReport[]): string {
  return `${JSON.stringify(from).slice(0, -1)},"reports":[${reports.map(({ body }) => body).join(",")}]}`;
}
