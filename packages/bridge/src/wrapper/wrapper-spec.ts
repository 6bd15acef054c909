import type { RunId } from "@quarterdeck/core/ids";
import type { RunGroup } from "../drivers/driver.ts";
import type { ProgramCall } from "../drivers/program-call.ts";

/** What the bridge tells a wrapper to run. The wrapper trusts it: only the bridge can write it. */
export interface WrapperSpec extends ProgramCall {
  readonly runId: RunId;
  readonly timeoutMs: number;
  readonly outputLimitBytes: number;
  /** From the request to stop until the run is killed. */
  readonly graceMs: number;
  /** The program's processes cannot outlive the sandbox around it. */
  readonly isSandboxed: boolean;
  /** The group that its program belongs into; null: none. */
  readonly group: RunGroup | null;
  /** A named pipe whose end means that Quarterdeck on this machine was stopped. */
  readonly lifeline: string | null;
}

/** The start marker: which process runs this run. */
export interface StartMarker {
  readonly pid: number;
  /** From /proc: tells the process from a later one with the same id. */
  readonly startTicks: string;
  readonly bootId: string;
  readonly startedAtMs: number;
}

/** How a run ended, as its wrapper saw it. */
export interface WrapperResult {
  readonly verdict: "succeeded" | "failed" | "cancelled" | "timedOut" | "interrupted";
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly startedAtMs: number;
  readonly finishedAtMs: number;
  readonly durationMs: number;
  /** Everything that the run wrote, and how much of it is not in the output file. */
  readonly outputBytes: number;
  readonly outputCutBytes: number;
  readonly code: string | null;
  readonly message: string | null;
}

/** The variable that marks every process of a run. */
export const runMarker = "QUARTERDECK_RUN_ID";
