import { limits } from "@quarterdeck/core/protocol/limits";
import { minuteMs } from "@quarterdeck/core/units";

const firstCeilingMs = 500;
const longestBackoffMs = minuteMs;

/** Codes after which the same attempt cannot succeed soon: unauthorized, revoked, version. */
const slowCodes = new Set([4401, 4403, 4406]);
/** Another bridge with the same key took over: this one must not fight it. */
const stopCode = 4009;
/** How long the first refusal is obeyed that nobody proved. */
const firstUnprovedMs = minuteMs;

interface ReconnectInputs {
  readonly closeCode: number;
  /** The relay had proved itself on this connection with a verified welcome. */
  readonly isProved: boolean;
  /** Attempts that failed since the last healthy connection. */
  readonly failures: number;
  /** How long the bridge has stayed away because of refusals since the last verified welcome. */
  readonly refusedForMs: number;
  /** The relay's last word on how wide reconnecting bridges should spread. */
  readonly spreadMs: number;
  readonly retryAfterMs: number | null;
  /** Uniform in 0–1. */
  readonly random: number;
}

/** Whether a close asks the bridge to stay away, besides cutting it off. */
export function isRefusal({ closeCode, retryAfterMs }: Pick<ReconnectInputs, "closeCode" | "retryAfterMs">): boolean {
  return slowCodes.has(closeCode) || (retryAfterMs ?? 0) > 0;
}

/**
 * When to connect again after a close (PROTOCOL 5.3); `undefined` means never, which only a relay that proved itself can
 * bring about. A refusal that nobody proved keeps the bridge away about as long again as such refusals already did (PROTOCOL 5.6).
 */
export function reconnectDelay(inputs: ReconnectInputs): number | undefined {
  const { closeCode, isProved, failures, refusedForMs, spreadMs, retryAfterMs, random } = inputs;
  if (closeCode === stopCode && isProved) return undefined;
  const ceilingMs =
    failures === 0 ? spreadMs : Math.min(longestBackoffMs, firstCeilingMs * 2 ** Math.min(failures, 20));
  const askedMs = slowCodes.has(closeCode) ? limits.longestRetryMs : (retryAfterMs ?? 0);
  const obeyedMs = isProved ? askedMs : Math.min(askedMs, refusedForMs + firstUnprovedMs);
  return Math.round(Math.min(limits.longestRetryMs, Math.max(obeyedMs, random * ceilingMs)));
}
