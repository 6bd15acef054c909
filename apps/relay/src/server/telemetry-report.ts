import type { ServerId } from "@quarterdeck/core/ids";
import { limits } from "@quarterdeck/core/protocol/limits";
import {
  telemetryAnswerSchema,
  type TelemetryAnswer,
  type TelemetryBatch,
} from "@quarterdeck/core/protocol/telemetry-minutes";
import { hourMs } from "@quarterdeck/core/units";
import { minuteTotals } from "../session/minute-totals.ts";
import { slotStartMs } from "../session/telemetry-history.ts";
import type { Sql } from "../storage/sql.ts";
import { readHistory } from "../storage/telemetry-history.ts";
import type { ApiClient } from "./api-client.ts";
import { logFailure } from "./socket-errors.ts";

interface ReportOptions {
  readonly ctx: Pick<DurableObjectState, "waitUntil">;
  readonly sql: Sql;
  readonly api: Pick<ApiClient, "post">;
  readonly serverId: () => ServerId;
}

/** At most an hour goes in one request. */
const pieceMs = hourMs;

/**
 * Tells the API what each minute was, when the slots of the history that hold it were stored (PROTOCOL 11.12). It remembers
 * nothing: the API says what it has, so what was lost on the way is told with the next slot, as long as the ring has it.
 */
export class TelemetryReport {
  readonly #options: ReportOptions;
  readonly #due = new Set<number>();
  #isTelling = false;

  constructor(options: ReportOptions) {
    this.#options = options;
  }

  /** These slots have readings that they did not have before. */
  stored(slots: Iterable<number>): void {
    for (const startMs of slots) this.#due.add(startMs);
    if (this.#isTelling || this.#due.size === 0) return;
    this.#isTelling = true;
    const telling = this.#tell()
      .catch((error: unknown) => logFailure("telemetry to the API", error))
      .finally(() => (this.#isTelling = false));
    this.#options.ctx.waitUntil(telling);
  }

  async #tell(): Promise<void> {
    while (this.#due.size > 0) {
      const slots = [...this.#due];
      this.#due.clear();
      const span = { fromMs: Math.min(...slots), toMs: Math.max(...slots) + limits.historySlotMs - 1 };
      const refused = await this.#tellSpan(span);
      if (refused === null) continue;
      const fromMs = Math.max(slotStartMs(refused.heldMs), slotStartMs(Date.now() - limits.telemetryHistoryMs));
      if ((await this.#tellSpan({ ...span, fromMs }, refused.heldMs)) !== null)
        throw new Error("the API did not take what it had asked for");
    }
  }

  /** Returns the answer of an API that wants something else first. */
  async #tellSpan(span: { fromMs: number; toMs: number }, heldMs = span.fromMs): Promise<TelemetryAnswer | null> {
    let sinceMs = heldMs;
    for (let { fromMs } = span; fromMs <= span.toMs; fromMs += pieceMs) {
      const { readings } = readHistory(this.#options.sql, { fromMs, toMs: Math.min(span.toMs, fromMs + pieceMs - 1) });
      const minutes = minuteTotals(readings);
      const last = minutes.at(-1);
      if (last === undefined) continue;
      const batch: TelemetryBatch = { serverId: this.#options.serverId(), sinceMs, minutes };
      const body = await this.#options.api.post("/relay/telemetry", JSON.stringify(batch));
      const answer = telemetryAnswerSchema.parse(body);
      if (!answer.isTaken) return answer;
      sinceMs = last.atMs;
    }
    return null;
  }
}
