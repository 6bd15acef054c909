import type { RunId } from "@quarterdeck/core/ids";
import { renewalAnswerSchema } from "@quarterdeck/core/protocol/relay-api";
import { secondMs } from "@quarterdeck/core/units";
import { judgeRenewals, runsPerRenewal, type RenewalOutcome } from "../session/renewal.ts";
import { retryDelayMs, retryDueMs } from "../session/report-backoff.ts";
import { updateServer } from "../storage/server-record.ts";
import type { ApiClient } from "./api-client.ts";
import type { ObjectState } from "./object-state.ts";
import { openCommand } from "./outbox-entries.ts";
import { logFailure } from "./socket-errors.ts";

/** The alarm asks again when the object dies, or fails, while the API is being asked. */
const safetyMs = 15 * secondMs;

/** Has the API sign anew what waited so long that its signature runs out (PROTOCOL 8.3). */
export class CommandRenewal {
  readonly #state: ObjectState;
  readonly #api: ApiClient;
  #isAsking = false;

  constructor(state: ObjectState, api: ApiClient) {
    this.#state = state;
    this.#api = api;
  }

  /** When the API must be asked; `null` when nothing waits for a signature. */
  dueMs(nowMs: number): number | null {
    const { renewalAtMs } = this.#state.server();
    return renewalAtMs === null ? null : retryDueMs(renewalAtMs, nowMs);
  }

  /** The API has just been heard, or the bridge has come: there is no need to wait longer. */
  retryAt(nowMs: number): void {
    const dueMs = this.dueMs(nowMs);
    if (!this.#isAsking && dueMs !== null && dueMs > nowMs) updateServer(this.#state.sql, { renewalAtMs: nowMs });
  }

  /** Asks for what waits. Returns whether a run was renewed or ended, so that the queue must be looked at again. */
  async ask(now: () => number): Promise<boolean> {
    if (this.#isAsking) return false;
    this.#isAsking = true;
    try {
      updateServer(this.#state.sql, { renewalAtMs: now() + safetyMs });
      const runIds = this.#state.desk.renewals(runsPerRenewal);
      const outcomes = runIds.length === 0 ? [] : await this.#outcomes(runIds, now);
      this.#state.transact(() => {
        this.#state.desk.takeRenewals(outcomes, now());
        const attempt = this.#state.server().renewalAttempt + 1;
        // Others may have stepped aside while the API was asked.
        const isWanted = this.#state.desk.renewals(1).length > 0;
        const changes =
          outcomes.length === runIds.length
            ? { renewalAttempt: 0, renewalAtMs: isWanted ? now() : null }
            : { renewalAttempt: attempt, renewalAtMs: now() + retryDelayMs(attempt) };
        updateServer(this.#state.sql, changes);
      });
      return outcomes.length > 0;
    } finally {
      this.#isAsking = false;
    }
  }

  async #outcomes(runIds: readonly RunId[], now: () => number): Promise<RenewalOutcome[]> {
    const { serverId } = this.#state.server();
    try {
      const body = JSON.stringify({ serverId, runIds });
      const answer = renewalAnswerSchema.parse(await this.#api.post("/relay/renewals", body));
      const opening = { serverId: serverId ?? "", keys: this.#state.trust.keys };
      const renewed = await Promise.all(
        answer.renewed.map(async (renewal) => ({ ...renewal, ...(await openCommand(renewal, opening)) })),
      );
      const outcomes = judgeRenewals(runIds, { renewed, refused: answer.refused }, now());
      if (outcomes.length < runIds.length) {
        const message = `the API renewed or refused ${outcomes.length} of ${runIds.length} commands`;
        logFailure("the renewal of signatures", new Error(message));
      }
      return outcomes;
    } catch (error) {
      logFailure("the renewal of signatures", error);
      return [];
    }
  }
}
