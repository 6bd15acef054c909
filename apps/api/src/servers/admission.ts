/** Whether runs may start on a server, and how far it is emptied. */
export const admissions = ["open", "cordoned", "draining", "drained"] as const;
export type Admission = (typeof admissions)[number];

export interface AdmissionState {
  readonly cordonedAtMs: number | null;
  readonly drainingSinceMs: number | null;
  /** When the relay had taken the cordon: what was started before is known by then. */
  readonly cordonTakenAtMs: number | null;
  /** Runs there that a cordon would have held and that have not ended. */
  readonly openRuns: number;
}

/**
 * `drained` is said only when the relay has taken the cordon and every start from before it was heard of, so that nothing of
 * the kind goes on or begins (PROTOCOL 21.3).
 */
export function admissionOf({ cordonedAtMs, drainingSinceMs, cordonTakenAtMs, openRuns }: AdmissionState): Admission {
  if (cordonedAtMs === null) return "open";
  if (drainingSinceMs === null) return "cordoned";
  return cordonTakenAtMs !== null && openRuns === 0 ? "drained" : "draining";
}
