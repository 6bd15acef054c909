import type { Refusal } from "@quarterdeck/core/errors/result";
import type { RunId } from "@quarterdeck/core/ids";
import type { Command, CommandText } from "@quarterdeck/core/protocol/command";
import { limits } from "@quarterdeck/core/protocol/limits";
import type { RenewalAnswer } from "@quarterdeck/core/protocol/relay-api";

/** The most runs in one request. */
export const runsPerRenewal = 100;

/** Whether a signature might have run out by the time that the bridge checks it (PROTOCOL 8.3). */
export function needsRenewal(expiresAtMs: number, nowMs: number): boolean {
  return expiresAtMs <= validThroughMs(nowMs);
}

/** Signatures that end by then are not relied on any more. */
export function validThroughMs(nowMs: number): number {
  return nowMs + limits.clockSkewMs;
}

/** A renewed command whose signed part was checked. `command` is `undefined` where the text is none. */
export interface OpenedRenewal extends CommandText {
  readonly runId: RunId;
  readonly command: Command | undefined;
  readonly problem: Refusal | null;
  /** The key that signed it was revoked while the API was asked. */
  readonly isStale: boolean;
}

export type RenewalOutcome =
  | { readonly kind: "renewed"; readonly runId: RunId; readonly command: Command; readonly text: CommandText }
  | {
      readonly kind: "ended";
      readonly runId: RunId;
      readonly verdict: "cancelled" | "expired" | "refused";
      readonly code: string;
      readonly message: string;
    };

/**
 * What the API's answer means for each run that was asked for. A run has no outcome when the API said nothing about it, or
 * nothing that helps: it goes on waiting and is asked for again.
 */
export function judgeRenewals(
  asked: readonly RunId[],
  answer: { readonly renewed: readonly OpenedRenewal[]; readonly refused: RenewalAnswer["refused"] },
  nowMs: number,
): RenewalOutcome[] {
  const outcomes = new Map<RunId, RenewalOutcome>();
  for (const { runId, code, message } of answer.refused) {
    outcomes.set(runId, { kind: "ended", runId, verdict: verdictOf(code), code, message });
  }
  for (const { runId, command, problem, isStale, signed, signature, sealed } of answer.renewed) {
    if (outcomes.has(runId) || command?.runId !== runId || isStale) continue;
    if (problem) outcomes.set(runId, { kind: "ended", runId, verdict: "refused", ...problem });
    else if (!needsRenewal(command.expiresAtMs, nowMs)) {
      outcomes.set(runId, { kind: "renewed", runId, command, text: { signed, signature, sealed } });
    }
  }
  return asked.flatMap((runId) => outcomes.get(runId) ?? []);
}

function verdictOf(code: string): "cancelled" | "expired" | "refused" {
  if (code === "COMMAND_EXPIRED") return "expired";
  return code === "CANCELLED" ? "cancelled" : "refused";
}
