import type { Effect } from "@quarterdeck/core/actions/catalogue";

/** What is found on the disk and in the process table about a run that has no result in the journal. */
export interface RunEvidence {
  readonly hasResult: boolean;
  readonly hasStartMarker: boolean;
  /** The process that the start marker names is this boot's and still the same one. */
  readonly isWrapperAlive: boolean;
  readonly effect: Effect;
}

/**
 * - `finish`: the result file holds the truth
 * - `adopt`: the run goes on; follow it
 * - `start`: it never started
 * - `rerun`: it was cut off, and doing it again is harmless
 * - `indeterminate`: it was cut off, and nobody can say whether it had its effect
 */
export type Recovery = "finish" | "adopt" | "start" | "rerun" | "indeterminate";

/** Decides what becomes of a run after its bridge, its wrapper or its machine went away (DESIGN 4). */
export function recoverRun(evidence: RunEvidence): Recovery {
  if (evidence.hasResult) return "finish";
  if (!evidence.hasStartMarker) return "start";
  if (evidence.isWrapperAlive) return "adopt";
  return evidence.effect === "idempotent" ? "rerun" : "indeterminate";
}
