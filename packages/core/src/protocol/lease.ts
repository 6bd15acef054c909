import { dayMs, secondMs } from "../units.ts";
import type { Command } from "./command.ts";
import { limits } from "./limits.ts";

/**
 * How long a bridge without a connection lets a run go on that may not: so much less than the relay's interval that the run
 * has ended when that is over, whatever the two clocks make of it (PROTOCOL 20.3).
 */
export const stopsAfterMs = limits.leaseMs - 2 * limits.clockSkewMs - 5 * secondMs;

/**
 * Until when a bridge begins what it had journaled before it was cut off. The relay keeps it open for longer, so that nothing
 * begins whose end has been told (PROTOCOL 20.5).
 */
export function latestStartMs(command: Pick<Command, "detached" | "notBeforeMs" | "expiresAtMs" | "limits">): number {
  return command.detached === false
    ? command.notBeforeMs + limits.leaseMs
    : command.expiresAtMs + command.limits.timeoutMs;
}

/** Since when a server has had no connection, by the relay's wall clock, and when that clock was last looked at. */
export interface Absence {
  readonly sinceMs: number;
  readonly seenMs: number;
}

/** A server has no connection any more. */
export function beginAbsence(nowMs: number): Absence {
  return { sinceMs: nowMs, seenMs: nowMs };
}

/**
 * Looks at the clock again. Time that nobody watched, because the relay was away or its clock jumped, counts for nothing: the
 * whole interval is granted again.
 */
export function lookAtAbsence(absence: Absence, nowMs: number): Absence {
  const passedMs = nowMs - absence.seenMs;
  const isWatched = passedMs >= 0 && passedMs <= limits.leaseLookMs + limits.leaseLateMs;
  return isWatched ? { ...absence, seenMs: nowMs } : beginAbsence(nowMs);
}

/** A run that was handed to a bridge. */
export interface LeasedRun {
  readonly isDetached: boolean;
  readonly timeoutMs: number;
  /** Until when the bridge may take its command. */
  readonly expiresAtMs: number;
}

/** When the relay stops keeping a run open for a server that has had no connection since then. */
export function leaseEndMs({ isDetached, timeoutMs, expiresAtMs }: LeasedRun, sinceMs: number): number {
  if (!isDetached) return sinceMs + limits.leaseMs;
  // No signature is valid for longer than a day, but a clock that went back makes it look so.
  const takenByMs = Math.min(expiresAtMs, sinceMs + dayMs) + limits.clockSkewMs;
  return Math.max(sinceMs, takenByMs) + timeoutMs + limits.leaseMs;
}
