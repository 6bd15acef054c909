import type { Deadlines } from "../session/alarm-schedule.ts";
import type { ObjectAlarm } from "./object-alarm.ts";
import type { ReportDelivery } from "./report-delivery.ts";
import { logFailure } from "./socket-errors.ts";

/**
 * How long a report that nobody waits for stays, so that it goes in one request with what follows it: most runs of a moment
 * end by then. The alarm takes over when the object dies in between.
 */
const gatherMs = 25;

interface UpkeepOptions {
  readonly ctx: DurableObjectState;
  readonly delivery: ReportDelivery;
  readonly alarm: ObjectAlarm;
  readonly deadlines: () => Omit<Deadlines, "reportsDueMs">;
}

/** What follows each event: waiting reports go to the API, and the alarm is set for what comes next. */
export class ObjectUpkeep {
  readonly #options: UpkeepOptions;
  #gathering: ReturnType<typeof setTimeout> | null = null;

  constructor(options: UpkeepOptions) {
    this.#options = options;
  }

  /** Reports go to the API at once. */
  async settle(): Promise<void> {
    const { ctx, delivery } = this.#options;
    if (delivery.dueMs(Date.now()) !== null) {
      if (this.#gathering !== null) clearTimeout(this.#gathering);
      this.#gathering = null;
      ctx.waitUntil(this.#deliver());
    }
    await this.#setAlarm();
  }

  /** Reports go to the API with the next that do, or in a moment. */
  async settleSoon(): Promise<void> {
    const { ctx, delivery } = this.#options;
    if (delivery.dueMs(Date.now()) !== null) {
      this.#gathering ??= setTimeout(() => {
        this.#gathering = null;
        ctx.waitUntil(this.#deliver());
      }, gatherMs);
    }
    await this.#setAlarm();
  }

  async #deliver(): Promise<void> {
    try {
      await this.#options.delivery.flush(() => Date.now());
      await this.#setAlarm();
    } catch (error) {
      logFailure("the delivery of reports", error);
    }
  }

  async #setAlarm(): Promise<void> {
    const { alarm, delivery, deadlines } = this.#options;
    await alarm.set({ ...deadlines(), reportsDueMs: delivery.dueMs(Date.now()) });
  }
}
