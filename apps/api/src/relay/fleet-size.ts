import type { Clock } from "@quarterdeck/core/clock";
import { minuteMs } from "@quarterdeck/core/units";
import { count, isNull } from "drizzle-orm";
import type { Database } from "../db/database.ts";
import { servers } from "../db/schema.ts";

/** How many servers the platform has, counted once a minute at most: it is told with every answer to a relay's report. */
export class FleetSize {
  readonly #db: Database;
  readonly #clock: Clock;
  #countedAtMs = Number.NEGATIVE_INFINITY;
  #size: Promise<number> = Promise.resolve(0);

  constructor(options: { readonly db: Database; readonly clock: Clock }) {
    this.#db = options.db;
    this.#clock = options.clock;
  }

  count(): Promise<number> {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#countedAtMs < minuteMs) return this.#size;
    this.#countedAtMs = nowMs;
    this.#size = this.#read();
    this.#size.catch(() => (this.#countedAtMs = Number.NEGATIVE_INFINITY));
    return this.#size;
  }

  async #read(): Promise<number> {
    const [row] = await this.#db.select({ total: count() }).from(servers).where(isNull(servers.revokedAtMs));
    return row?.total ?? 0;
  }
}
