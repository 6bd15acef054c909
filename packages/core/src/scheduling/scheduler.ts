import type { Vector } from "../quota/amounts.ts";
import type { QuotaTree } from "../quota/quota-tree.ts";
import type { Band, BandRule } from "./bands.ts";
import type { SavedPatience } from "./patience.ts";

/** A task that waits for its turn on one server. */
export interface WaitingTask {
  readonly id: string;
  /** The node of the quota tree that it counts against, with all above it. */
  readonly nodeId: string;
  readonly band: Band;
  /** Its place among the tasks of its node: a smaller number came first. No two tasks of a node have the same. */
  readonly seq: number;
  /** What it holds while it runs. The vector is kept, so do not change it afterwards. */
  readonly demand: Vector;
  /** How long it will run, in milliseconds. What it is charged at its start, and corrected at its end. */
  readonly expectedMs: number;
  /** Whether it waits for the ordered tasks of its node that came before it, and holds back those after it. */
  readonly isOrdered: boolean;
  /** Tasks that must have ended before it starts. Those that are not here are taken to have ended. */
  readonly after?: readonly string[];
}

export interface SchedulerOptions {
  /** Whose limits count. Its root is the server, below it are orgs, workspaces and projects. */
  readonly quotas: QuotaTree;
  readonly serverId: string;
  /** Levels of the tree below the server. */
  readonly depth?: number;
  readonly bands?: readonly BandRule[];
  /** How long smaller tasks may pass one that is too big for what is free, in milliseconds. */
  readonly patienceMs?: number;
  /** Whether {@link FairScheduler.takeChanges} is called, so that changes are kept for it. */
  readonly isStored?: boolean;
}

/** What a node of the tree of shares must remember over a restart. `path` leads to it from its band; the root's is empty. */
export interface ShareRow {
  readonly path: readonly string[];
  readonly tag: number;
  readonly virtual: number;
  /** How many tasks had been started when work came to it last while something of it ran. */
  readonly openedAt: number;
  /** What runs from before then may give back if they were charged too much. */
  readonly refundable: number;
}

/** When a task started, the number of its start, what it was charged, and the weight of its band then. */
export interface TaskRun {
  readonly startedAtMs: number;
  readonly start: number;
  readonly cost: number;
  readonly bandWeight: number;
}

/** A task as a restart must find it. */
export interface TaskRow extends WaitingTask {
  readonly isSuspended: boolean;
  /** Of a running task: when it started and what it was charged. */
  readonly run: TaskRun | null;
}

/** All that a scheduler knows, apart from the tree of quotas. */
export interface SchedulerState {
  readonly shares: readonly ShareRow[];
  readonly tasks: readonly TaskRow[];
  readonly weights: Readonly<Record<string, number>>;
  readonly patience: SavedPatience | null;
}

/** A task that starts now, with the time that it is expected to take. */
export interface StartedTask {
  readonly id: string;
  readonly expectedMs: number;
}

/** Why a task has not started. */
export type WaitingReason =
  /** It was set aside by who submitted it. */
  | { readonly kind: "suspended" }
  | { readonly kind: "dependency"; readonly on: readonly string[] }
  /** An ordered task of its node comes before it. */
  | { readonly kind: "order"; readonly behind: string }
  /** The limit of a node leaves no room. `free` is what is left of it; below 0 when the limit was lowered. */
  | {
      readonly kind: "limit";
      readonly nodeId: string;
      readonly resource: number;
      readonly free: number;
      readonly isImpossible: boolean;
    }
  /** It is its turn, and the server has no room yet. */
  | { readonly kind: "capacity"; readonly resource: number; readonly free: number; readonly isImpossible: boolean }
  /** Room is kept for a task that was passed for too long. */
  | { readonly kind: "room-kept"; readonly for: string }
  | { readonly kind: "turn" };

export interface Explanation {
  readonly reason: WaitingReason;
  /**
   * How many tasks start before it, plus one, if all goes as expected; without an estimate, at least that. `null`: as things
   * are, it does not start.
   */
  readonly position: number | null;
  /** When it starts if all goes as expected, and on what that rests. `null`: later than is looked ahead, or not at all. */
  readonly estimate: Estimate | null;
}

export interface Estimate {
  readonly startsInMs: number;
  /** The expected durations that were added up: of runs that go on, and of tasks that start before. */
  readonly basis: { readonly running: number; readonly ahead: number };
}
