import type { Deadlines } from "../session/alarm-schedule.ts";
import type { ObjectAlarm } from "./object-alarm.ts";
import type { ReportDelivery } from "./report-delivery.ts";
import { logFailure } from "./socket-errors.ts";

interface UpkeepOptions {
  readonly ctx: DurableObjectState;
  readonly delivery: ReportDelivery;
  readonly alarm: ObjectAlarm;
  readonly deadlines: () => Omit<Deadlines, "reportsDueMs">;
}

/** What follows each event: waiting reports go to the API, and the alarm is set for what comes next. */
export class ObjectUpkeep {
  readonly #options: UpkeepOptions;

  constructor(options: UpkeepOptions) {
    this.#options = options;
  }

  async settle(): Promise<void> {
    const { ctx, delivery } = this.#options;
    if (delivery.dueMs(Date.now()) !== null) ctx.waitUntil(this.#deliver());
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
