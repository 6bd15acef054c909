import { randomUUID } from "node:crypto";
import { minuteMs } from "@quarterdeck/core/units";
import { takeClaim } from "../outbox/claim.ts";
import type { Runtime } from "../runtime.ts";
import { forgetOldPoints, nodesAtOnce, rollUpChanged } from "./roll-up.ts";

/** Longer than a pass takes; the next one is later than that. */
const claimMs = 5 * minuteMs;

/** Rolls the history of telemetry up, and deletes what is past its keeping. One process does it at a time. */
export class HistoryKeeper {
  readonly #runtime: Pick<Runtime, "db" | "writer" | "clock">;
  readonly #holder = randomUUID();

  constructor(runtime: Pick<Runtime, "db" | "writer" | "clock">) {
    this.#runtime = runtime;
  }

  async run(): Promise<void> {
    const { db, writer, clock } = this.#runtime;
    const request = { name: "telemetry", holder: this.#holder, nowMs: clock.nowMs(), durationMs: claimMs };
    if ((await takeClaim({ db, writer }, { ...request, isForced: false })) === null) return;
    for (let rolledUp = nodesAtOnce; rolledUp === nodesAtOnce; ) {
      const outcomes = await writer.commit(rollUpChanged());
      rolledUp = outcomes.at(-1)?.rowsChanged ?? 0;
    }
    await writer.commit(forgetOldPoints(clock.nowMs()));
  }
}
