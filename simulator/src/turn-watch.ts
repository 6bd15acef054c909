import type { Scenario } from "./scenario.ts";
import type { Stage } from "./stage.ts";

const lookEveryMs = 50;
/** Past this a run may have waited for a signature, and others rightly pass it. */
const longestTurnMs = 600_000;
/** Of each other project: one that had the same turn, and one that was seen too late. */
const mostPassing = 2;

interface Turn {
  readonly runId: string;
  readonly projectId: string;
  readonly arrivedAtMs: number;
  /** Whether nothing of its project was there before it, and it follows no other run, so that it is owed the next turn. */
  readonly isFirst: boolean;
  dispatchedAtMs: number | null;
}

type SeenRun = Pick<Turn, "runId" | "projectId"> & { readonly isDispatched: boolean };

/**
 * Watches whose turn it is at a server that has room for one run: a project's first run is passed by no other project again
 * and again, however much that has waiting (start-time fair queueing; first in, first out lets it wait for all of it).
 */
export class TurnWatch {
  readonly #stage: Stage;
  readonly #server: number;
  readonly #turns = new Map<string, Turn>();

  /** Nothing to watch where no server is crowded, or where signatures may run out at once. */
  static begin(stage: Stage, { crowded, faults }: Scenario): TurnWatch | undefined {
    if (crowded === null || faults.some(({ kind }) => kind === "clock" || kind === "keys")) return undefined;
    const watch = new TurnWatch(stage, crowded);
    watch.#look();
    return watch;
  }

  private constructor(stage: Stage, server: number) {
    this.#stage = stage;
    this.#server = server;
  }

  /** Says which runs were passed too often. */
  check(): void {
    for (const turn of this.#turns.values()) {
      const { runId, arrivedAtMs, dispatchedAtMs, isFirst, projectId } = turn;
      if (!isFirst || dispatchedAtMs === null || dispatchedAtMs - arrivedAtMs > longestTurnMs) continue;
      const passing = new Map<string, number>();
      for (const other of this.#turns.values()) {
        const atMs = other.dispatchedAtMs;
        if (other.projectId === projectId || atMs === null || atMs <= arrivedAtMs || atMs > dispatchedAtMs) continue;
        passing.set(other.projectId, (passing.get(other.projectId) ?? 0) + 1);
      }
      for (const [other, times] of passing) {
        if (times > mostPassing) this.#stage.world.violate(`fairness: ${runId} was passed ${times} times by ${other}`);
      }
    }
  }

  #look(): void {
    const { world, relay, serverIds } = this.#stage;
    const object = [...relay.objects].find(([name]) => name === serverIds[this.#server])?.[1];
    const rows = object?.storage.rows("SELECT run_id, project_id, seq, after FROM runs ORDER BY position") ?? [];
    for (const row of rows)
      this.#see(
        { runId: String(row["run_id"]), projectId: String(row["project_id"]), isDispatched: row["seq"] !== null },
        row["after"] === "[]",
      );
    world.timeline.after(lookEveryMs, () => this.#look());
  }

  #see({ runId, projectId, isDispatched }: SeenRun, isFree: boolean): void {
    const { nowMs } = this.#stage.world.timeline;
    let turn = this.#turns.get(runId);
    if (!turn) {
      const isFirst = isFree && [...this.#turns.values()].every((other) => other.projectId !== projectId);
      turn = { runId, projectId, arrivedAtMs: nowMs, isFirst, dispatchedAtMs: null };
      this.#turns.set(runId, turn);
    }
    if (isDispatched) turn.dispatchedAtMs ??= nowMs;
  }
}
