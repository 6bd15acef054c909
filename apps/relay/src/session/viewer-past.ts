import { decodeReadings } from "@quarterdeck/core/protocol/compact-readings";
import { limits } from "@quarterdeck/core/protocol/limits";
import { slotStartMs, type History } from "./telemetry-history.ts";

export interface TimeSpan {
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * How much of the past a viewer was given (PROTOCOL 11.6). It goes out in stretches, one on the way at a time, and each
 * moment of it once for a connection, unless readings of that moment came later.
 */
export interface ViewerPast {
  /** From here on everything was sent or is due; `null` before anything was asked for. */
  readonly coveredFromMs: number | null;
  /** What the storage holds of this time is still to be sent. */
  readonly due: TimeSpan | null;
  /** So are the readings that are not in the storage yet. */
  readonly isRecentDue: boolean;
  /** The mark behind the stretch that is on the way. */
  readonly mark: number | null;
}

export const noPast: ViewerPast = { coveredFromMs: null, due: null, isRecentDue: true, mark: null };

/** Enough for a page to draw at once; a day takes a dozen. */
const stretchMs = 24 * limits.historySlotMs;

function hull(a: TimeSpan | null, b: TimeSpan): TimeSpan {
  return a === null ? b : { fromMs: Math.min(a.fromMs, b.fromMs), toMs: Math.max(a.toMs, b.toMs) };
}

/** The viewer wants that much of the past: what of it was not asked for before becomes due. */
export function askPast(past: ViewerPast, historyMs: number, nowMs: number): ViewerPast {
  const fromMs = slotStartMs(nowMs - historyMs);
  const toMs = past.coveredFromMs ?? nowMs + limits.clockSkewMs;
  if (historyMs === 0 || fromMs >= toMs) return past;
  return { ...past, coveredFromMs: fromMs, due: hull(past.due, { fromMs, toMs }) };
}

/** Readings of before came and are in the storage, and the viewer cannot be sent them now. */
export function missPast(past: ViewerPast, { readings, gaps }: History): ViewerPast {
  const times = [...decodeReadings(readings).map(({ atMs }) => atMs), ...gaps.map(({ toMs }) => toMs)];
  if (times.length === 0) return past;
  const missed = { fromMs: slotStartMs(Math.min(...times)), toMs: Math.max(...times) };
  return { ...past, due: hull(past.due, missed) };
}

/** The next stretch that is due, of what the storage can have: `undefined` when there is none. */
export function nextStretch(
  past: ViewerPast,
  nowMs: number,
): { readonly past: ViewerPast; readonly span: TimeSpan } | undefined {
  if (past.due === null || past.mark !== null) return undefined;
  const fromMs = Math.max(past.due.fromMs, slotStartMs(nowMs - limits.telemetryHistoryMs));
  const endMs = Math.min(past.due.toMs, nowMs + limits.clockSkewMs);
  const toMs = Math.min(fromMs + stretchMs - 1, endMs);
  const due = toMs < endMs ? { fromMs: toMs + 1, toMs: endMs } : null;
  return { past: { ...past, due }, span: { fromMs, toMs } };
}

/** The viewer has read everything before a mark. */
export function reachPast(past: ViewerPast, mark: number): ViewerPast {
  return past.mark === mark ? { ...past, mark: null } : past;
}
