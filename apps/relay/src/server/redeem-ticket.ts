import { accept, refuse, type Result } from "@quarterdeck/core/errors/result";
import type { ServerId } from "@quarterdeck/core/ids";
import { trustedKeys } from "@quarterdeck/core/protocol/key-set";
import { openSigned } from "@quarterdeck/core/protocol/signing";
import { decodeTicket, ticketSchema, type Ticket } from "@quarterdeck/core/protocol/ticket";
import { judgeTicket } from "../session/viewer-access.ts";
import { findRevocation } from "../storage/revoked-viewers.ts";
import { useTicket } from "../storage/used-tickets.ts";
import type { ObjectState } from "./object-state.ts";

/** Checks a viewer's ticket for this server and uses it up, or says why it does not count. */
export async function redeemTicket(state: ObjectState, text: string, serverId: ServerId): Promise<Result<Ticket>> {
  const decoded = decodeTicket(text);
  if (!decoded.ok) return decoded;
  const keys = trustedKeys(state.trust.keys);
  const opened = await openSigned(decoded.value, { keys, domain: "ticket", schema: ticketSchema });
  if (!opened.ok) return refuse("TOKEN_INVALID", "This is not a viewer ticket of this platform.");
  const { orgId } = state.server();
  const revokedAtMs = findRevocation(state.sql, opened.value.userId);
  const judged = judgeTicket({ serverId, orgId, nowMs: Date.now(), revokedAtMs }, opened.value);
  if (!judged.ok) return judged;
  if (!useTicket(state.sql, opened.value.ticketId, opened.value.expiresAtMs)) {
    return refuse("TOKEN_USED", "This ticket was used before. Ask the platform for another one.");
  }
  return accept(opened.value);
}
