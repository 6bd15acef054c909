/** The bridge ends with it when another version is to be started in its place. */
export const restartExitCode = 75;

/** The journal is for a newer version. */
export const journalTooNewExitCode = 13;

/** 0: it was asked to stop. The others would be the same at the next start: usage, enrolment, not connected, the journal. */
const finalExitCodes = new Set([0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, journalTooNewExitCode]);
export const usageExitCode = 2;
/** It could not go on, and may be able to when it is started again. */
export const fatalExitCode = 70;
/** Another bridge has the data directory. */
export const alreadyRunningExitCode = 11;
/** So often it is waited for. */
const mostLockedOut = 5;

const firstDelayMs = 300;
const longestDelayMs = 10_000;
/** A bridge that lived this long starts over with the first delay. */
const healthyMs = 30_000;

export interface BridgeEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly livedMs: number;
  /** The launcher was asked to stop. */
  readonly isStopping: boolean;
  readonly isOnProbation: boolean;
  /** It had the launcher switch to another version. */
  readonly hasSwitched: boolean;
  /** Ends like this one before it, in a row. */
  readonly failures: number;
}

export type NextStep =
  | { readonly kind: "exit"; readonly code: number }
  | { readonly kind: "start"; readonly delayMs: number; readonly failures: number }
  | { readonly kind: "rollBack"; readonly reason: string };

/** What the launcher does when the bridge has ended. */
export function afterEnd(end: BridgeEnd): NextStep {
  if (end.isStopping) return { kind: "exit", code: end.code ?? 1 };
  if (end.hasSwitched) return { kind: "start", delayMs: 0, failures: 0 };
  const isLockedOut = end.code === alreadyRunningExitCode && end.failures < mostLockedOut;
  // A bridge whose launcher was killed may still be ending: that says nothing about this one.
  if (end.isOnProbation && !isLockedOut)
    return { kind: "rollBack", reason: `It ${describeEnd(end)} before it had shown that it works.` };
  if (end.code !== null && finalExitCodes.has(end.code)) return { kind: "exit", code: end.code };
  if (end.code === alreadyRunningExitCode && !isLockedOut) return { kind: "exit", code: end.code };
  const failures = end.livedMs >= healthyMs ? 0 : end.failures;
  return { kind: "start", delayMs: Math.min(firstDelayMs * 2 ** failures, longestDelayMs), failures: failures + 1 };
}

export function describeEnd({ code, signal }: Pick<BridgeEnd, "code" | "signal">): string {
  return code === null ? `was ended by ${signal ?? "a signal"}` : `ended with code ${code}`;
}
