import type { RelayObject } from "./actors/relay-object.ts";
import type { ServerHost } from "./actors/server-host.ts";
import type { Scenario } from "./scenario.ts";
import type { Stage } from "./stage.ts";

const secondMs = 1000;
/** In a scenario that lasts longer than a minute times this, looks are further apart. */
const mostLooks = 600;

/** What each table of a relay object may hold, however much is asked for and whoever is away. */
const mostRows: Readonly<Record<string, number>> = {
  // The window of the stream, and a cancel of each.
  commands: 256,
  reports: 300,
  // A day in pieces of five minutes.
  telemetry_history: 288,
  used_tickets: 300,
  revoked_viewers: 1,
  node_limits: 100,
};
/** What a bridge may have in its spool: a thousandth of its bound is enough for the longest scenario. */
const mostSpoolBytes = 1024 * 1024;
/** What is planned at once, at most: more is a leak. */
const mostPlanned = 20_000;

/** Looks at a scenario while it is played: what ended is gone, and nothing grows past its bounds. */
export class UnderWayWatch {
  readonly #stage: Stage;
  readonly #everyMs: number;

  static begin(stage: Stage, { healAtMs }: Scenario): void {
    new UnderWayWatch(stage, Math.max(secondMs, healAtMs / mostLooks)).#later();
  }

  private constructor(stage: Stage, everyMs: number) {
    this.#stage = stage;
    this.#everyMs = everyMs;
  }

  #later(): void {
    this.#stage.world.timeline.after(this.#everyMs, () => {
      this.#look();
      this.#later();
    });
  }

  #look(): void {
    const { relay, hosts, world } = this.#stage;
    for (const object of relay.objects.values()) this.#checkRows(object);
    for (const host of hosts) this.#checkSpool(host);
    const { planned } = world.timeline;
    if (planned > mostPlanned) world.violate(`memory: ${planned} things are planned`);
    this.#checkSurvivors();
  }

  #checkRows({ name, storage }: RelayObject): void {
    for (const [table, rows] of storage.counts(Object.keys(mostRows)))
      if (rows > (mostRows[table] ?? 0)) this.#stage.world.violate(`memory: ${name} keeps ${rows} ${table}`);
  }

  #checkSpool({ machine, spoolBytes }: ServerHost): void {
    if (spoolBytes > mostSpoolBytes)
      this.#stage.world.violate(`memory: the spool of ${machine.name} has ${spoolBytes} bytes`);
  }

  /** What the platform says has ended does not run on. */
  #checkSurvivors(): void {
    const { truth, store, world } = this.#stage;
    for (const { runId, endedAtMs } of truth.starts) {
      if (endedAtMs !== null) continue;
      const row = store.database.prepare('SELECT state FROM runs WHERE "runId" = ?').get(runId);
      if (row?.["state"] === "ended") world.violate(`survivor: a program of ${runId} runs on after its end`);
    }
  }
}
