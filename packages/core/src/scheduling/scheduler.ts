import type { Result } from "../errors/result.ts";
import type { RunId } from "../ids.ts";
import type { Resources } from "../quota/resources.ts";

/** A run that waits for its turn on one server. */
export interface QueuedRun {
  readonly runId: RunId;
  /** Runs that share a key start in the order they came, each after the last has ended. `null`: bound to no order. */
  readonly orderKey: string | null;
  readonly demand: Resources;
}

/** Why a run has not started. */
export type Waiting =
  | { readonly reason: "turn"; readonly position: number }
  | { readonly reason: "order"; readonly behind: RunId }
  | { readonly reason: "capacity"; readonly position: number; readonly message: string };

/**
 * Decides which run starts next on one server. It holds no clock and no storage: who uses it replays `enqueue` and
 * `resume` in the stored order after a restart and gets the same decisions.
 */
export interface Scheduler {
  /** Adds a run to the queue. A known id changes nothing. */
  enqueue(run: QueuedRun): void;
  /** Puts back a run that was dispatched before a restart: it holds its reservation and its place in the order. */
  resume(run: QueuedRun): void;
  /** Takes a waiting run out. Returns whether it was waiting. */
  remove(runId: RunId): boolean;
  /** Picks the next run that fits, and holds its demand until `ended`. */
  next(): QueuedRun | undefined;
  /** Says that a dispatched run ended. Returns whether it was dispatched. */
  ended(runId: RunId): boolean;
  /** Why a waiting run has not started; `NOT_FOUND` when it does not wait. */
  explain(runId: RunId): Result<Waiting>;
}
