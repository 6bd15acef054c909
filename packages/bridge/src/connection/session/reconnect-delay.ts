import { minuteMs } from "@quarterdeck/core/units";

const firstCeilingMs = 500;
const longestMs = minuteMs;

/** Codes after which the same attempt cannot succeed soon: unauthorized, revoked, version. */
const slowCodes = new Set([4401, 4403, 4406]);
const slowMs = 15 * minuteMs;
/** Another bridge with the same key took over: this one must not fight it. */
const stopCode = 4009;

interface ReconnectInputs {
  readonly closeCode: number;
  /** Attempts that failed since the last healthy connection. */
  readonly failures: number;
  /** The relay's last word on how wide reconnecting bridges should spread. */
  readonly spreadMs: number;
  readonly retryAfterMs: number | null;
  /** Uniform in 0–1. */
  readonly random: number;
}

/** When to connect again after a close (SESSION, Reconnecting); `undefined` means never. */
export function reconnectDelay({
  closeCode,
  failures,
  spreadMs,
  retryAfterMs,
  random,
}: ReconnectInputs): number | undefined {
  if (closeCode === stopCode) return undefined;
  if (slowCodes.has(closeCode)) return slowMs;
  const ceiling = failures === 0 ? spreadMs : Math.min(longestMs, firstCeilingMs * 2 ** Math.min(failures, 20));
  return Math.round(Math.max(retryAfterMs ?? 0, random * ceiling));
}
