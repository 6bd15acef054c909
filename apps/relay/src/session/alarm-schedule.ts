import { limits } from "@quarterdeck/core/protocol/limits";
import { secondMs } from "@quarterdeck/core/units";

/** What may need the object's one alarm. `null`: nothing of the kind. */
export interface Deadlines {
  /** When the oldest unfinished handshake began. */
  readonly oldestHandshakeMs: number | null;
  /** When the connected bridge was last heard. */
  readonly bridgeHeardMs: number | null;
  /** When a server that was found marked online without a connection counts as offline. */
  readonly connectionGivenUpMs: number | null;
  /** When waiting reports must be looked after; `null` when none waits. */
  readonly reportsDueMs: number | null;
  /** When the API must be asked for new signatures; `null` when no run waits for one. */
  readonly renewalsDueMs: number | null;
  /** When the leases of a server that is away must be looked at; `null` when it is there, or has no runs. */
  readonly leasesDueMs: number | null;
  readonly nextTicketExpiryMs: number | null;
  readonly nextViewerExpiryMs: number | null;
}

const shortestGraceMs = 5 * secondMs;

/**
 * How long a bridge that lost its connection to a restart of the relay has to come back before it counts as offline: as long
 * as it was told to wait at most, and a handshake (PROTOCOL 5.2).
 */
export function restartGraceMs(spreadMs: number): number {
  return Math.max(shortestGraceMs, spreadMs + limits.handshakeStepMs);
}

/** A used ticket is remembered this much longer than it is valid, so that a clock that steps back revives none. */
export const ticketMemoryMs = limits.clockSkewMs;

/**
 * A user's revocation is remembered until every ticket from before it has run out. Its time and the ends of tickets are of the
 * API's clock, so this holds however much the relay's differs; the skew is for a clock that steps back.
 */
export const revocationMemoryMs = limits.ticketMs + limits.clockSkewMs;

/** When the alarm must ring next, or `null` when the object may sleep until somebody calls. */
export function nextAlarmMs(deadlines: Deadlines): number | null {
  const after = (sinceMs: number | null, delayMs: number) => (sinceMs === null ? [] : [sinceMs + delayMs]);
  const times = [
    ...after(deadlines.oldestHandshakeMs, limits.handshakeStepMs),
    ...after(deadlines.bridgeHeardMs, limits.silenceMs),
    ...after(deadlines.connectionGivenUpMs, 0),
    ...after(deadlines.reportsDueMs, 0),
    ...after(deadlines.renewalsDueMs, 0),
    ...after(deadlines.leasesDueMs, 0),
    ...after(deadlines.nextTicketExpiryMs, ticketMemoryMs),
    ...after(deadlines.nextViewerExpiryMs, 0),
  ];
  return times.length === 0 ? null : Math.min(...times);
}
