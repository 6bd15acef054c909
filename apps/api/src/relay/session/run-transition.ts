import type { Report } from "@quarterdeck/core/protocol/relay-api";
import type { RepositoryState, RunFinished, Verdict } from "@quarterdeck/core/protocol/result";
import type { runs } from "../../db/schema.ts";
import type { RunState } from "../../tasks/views.ts";

type RunRow = typeof runs.$inferSelect;

/** What somebody who may say so says of a run: the relay (`dispatched`, `ended`) or its bridge. */
export type RunReport =
  | { readonly kind: "dispatched"; readonly atMs: number }
  | { readonly kind: "started"; readonly startedAtMs: number; readonly atMs: number }
  | { readonly kind: "finished"; readonly result: RunFinished }
  | Pick<Extract<Report, { kind: "ended" }>, "kind" | "verdict" | "code" | "message" | "atMs">;

/** The values of a run that reports change. */
export type RunColumns = Partial<Omit<RunRow, "runId" | "orgId" | "taskId" | "serverId" | "state">>;

/** What a report changes of a run that is in one of the states `from`; of another it changes nothing. */
export interface RunTransition {
  readonly from: readonly RunState[];
  /** It counts also for a run that the relay gave up, because its server was away for too long: then it comes late. */
  readonly isTakenLate: boolean;
  readonly to: RunState;
  readonly set: RunColumns;
  /** Values that are kept where there are any. */
  readonly setIfNull: RunColumns;
  /** How it ended, for its project. */
  readonly ending: RunEnding | null;
}

export interface RunEnding {
  readonly verdict: Verdict;
  readonly message: string | null;
  readonly repository: RepositoryState | null;
}

/** What the relay says of a run whose server was away for too long: nobody knows, until its bridge does. */
export const givenUp = { verdict: "indeterminate", code: "LEASE_EXPIRED" } as const satisfies RunColumns;

export function isGivenUp({ verdict, code }: Pick<RunRow, "verdict" | "code">): boolean {
  return verdict === givenUp.verdict && code === givenUp.code;
}

const notStarted = ["queued", "dispatched"] as const satisfies readonly RunState[];
const notEnded = ["queued", "dispatched", "running"] as const satisfies readonly RunState[];

/**
 * The effect of a report on its run. A run only moves forward: queued, dispatched, running, ended. So a report that comes
 * late or again changes nothing, but for the end of a run that the relay had given up: what its bridge says replaces that once.
 */
export function transitionOf(report: RunReport): RunTransition {
  switch (report.kind) {
    case "dispatched":
      return {
        from: ["queued"],
        isTakenLate: false,
        to: "dispatched",
        set: { dispatchedAtMs: report.atMs },
        setIfNull: {},
        ending: null,
      };
    case "started":
      return {
        from: notStarted,
        isTakenLate: false,
        to: "running",
        set: { startedAtMs: report.startedAtMs },
        setIfNull: { dispatchedAtMs: report.atMs },
        ending: null,
      };
    case "finished":
      return finished(report.result);
    case "ended":
      return endedAtRelay(report);
  }
}

/** The bridge finished the run: its result is the record. */
function finished(result: RunFinished): RunTransition {
  const { verdict, exitCode, signal, code, message, durationMs, outputBytes, outputCutBytes, tail, quote } = result;
  const { cpuMs = null, peakMemory = null } = result;
  return {
    from: notEnded,
    isTakenLate: true,
    to: "ended",
    set: {
      verdict,
      exitCode,
      signal,
      code,
      message,
      durationMs,
      outputBytes,
      outputCutBytes,
      cpuMs,
      peakMemory,
      tail,
      quote,
      endedAtMs: result.finishedAtMs,
      ...(result.startedAtMs === null ? {} : { startedAtMs: result.startedAtMs }),
    },
    setIfNull: {},
    ending: { verdict, message: message ?? code, repository: result.repository },
  };
}

/**
 * The run ended at the relay: it never reached the bridge, or the bridge no longer knows it. Of a run that its bridge has
 * said to have started, only the latter can be true.
 */
function endedAtRelay({ verdict, code, message, atMs }: Extract<RunReport, { kind: "ended" }>): RunTransition {
  // It may not be signed anew because it is being cancelled: then that is how it ended.
  const truth: Verdict = code === "CANCELLED" ? "cancelled" : verdict;
  return {
    from: truth === "indeterminate" ? notEnded : notStarted,
    isTakenLate: false,
    to: "ended",
    set: {
      verdict: truth,
      code,
      message,
      endedAtMs: atMs,
      ...(code === givenUp.code ? { leaseEndedAtMs: atMs } : {}),
    },
    setIfNull: {},
    ending: { verdict: truth, message, repository: null },
  };
}
