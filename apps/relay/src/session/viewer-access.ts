import { accept, refuse, type Result } from "@quarterdeck/core/errors/result";
import type { ServerId } from "@quarterdeck/core/ids";
import { limits } from "@quarterdeck/core/protocol/limits";
import type { Ticket } from "@quarterdeck/core/protocol/ticket";
import type { ViewerState } from "./viewer.ts";

/** What a ticket is checked against. */
export interface TicketContext {
  readonly serverId: ServerId;
  /** Whose server this is; `null` while the API has not said. */
  readonly orgId: string | null;
  readonly nowMs: number;
  /** When, by the API's clock, the right to watch was taken from the ticket's user; `null`: long ago or never. */
  readonly revokedAtMs: number | null;
}

/** Judges a ticket whose signature was verified. Whether it was used before is the storage's to say. */
export function judgeTicket(context: TicketContext, ticket: Ticket): Result<void> {
  if (ticket.serverId !== context.serverId) return refuse("TOKEN_INVALID", "This ticket is for another server.");
  const isOwners = context.orgId === null || ticket.orgId === context.orgId;
  if (!isOwners && ticket.isGuest !== true) return refuse("TOKEN_INVALID", "This ticket is for another server.");
  if (ticket.isGuest === true && ticket.topics.includes("telemetry")) {
    return refuse("FORBIDDEN", "A guest watches what is its own, and not the server.");
  }
  if (Math.min(ticket.expiresAtMs, ticket.connectionExpiresAtMs) <= context.nowMs) {
    return refuse("TOKEN_EXPIRED", "This ticket has expired. Ask the platform for another one.");
  }
  if (context.revokedAtMs !== null && ticket.issuedAtMs <= context.revokedAtMs) {
    return refuse("REVOKED", "Your right to watch this server was taken away.");
  }
  return accept(undefined);
}

/** Until when a connection may live: what the ticket says, and never longer than a connection may. */
export function connectionExpiryMs(ticket: Ticket, nowMs: number): number {
  return Math.min(ticket.connectionExpiresAtMs, nowMs + limits.viewerConnectionMs + limits.clockSkewMs);
}

/** A further ticket on a connection must be the same user's. */
export function judgeRenewal(viewer: ViewerState, ticket: Ticket): Result<void> {
  if (ticket.userId === viewer.userId && ticket.orgId === viewer.orgId) return accept(undefined);
  return refuse("TOKEN_INVALID", "This ticket belongs to another user.");
}
