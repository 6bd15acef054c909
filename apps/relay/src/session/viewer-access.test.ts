import { makeId } from "@quarterdeck/core/ids";
import { limits } from "@quarterdeck/core/protocol/limits";
import type { Ticket } from "@quarterdeck/core/protocol/ticket";
import fc from "fast-check";
import { expect, test } from "vitest";
import { revocationMemoryMs } from "./alarm-schedule.ts";
import { judgeTicket } from "./viewer-access.ts";

const bytes = new Uint8Array(16);
const serverId = makeId("server", 1, bytes);
const orgId = makeId("org", 1, bytes);

function ticketOf(issuedAtMs: number): Ticket {
  return {
    ticketId: makeId("viewer", 1, bytes),
    userId: makeId("user", 1, bytes),
    orgId,
    serverId,
    topics: ["telemetry"],
    issuedAtMs,
    expiresAtMs: issuedAtMs + limits.ticketMs,
    connectionExpiresAtMs: issuedAtMs + limits.viewerConnectionMs,
  };
}

test("[T1] however the clocks of API and relay differ, a ticket from before a revocation lets nobody in, and one from after does", () => {
  const apiMs = 1_800_000_000_000;
  const around = (ms: number) => fc.integer({ min: -ms, max: ms });
  fc.assert(
    fc.property(
      around(limits.ticketMs),
      around(10 * limits.clockSkewMs),
      fc.nat(3 * limits.ticketMs),
      (issued, aheadMs, laterMs) => {
        const ticket = ticketOf(apiMs + issued);
        // The relay forgets a revocation by its own clock.
        const nowMs = apiMs - aheadMs + laterMs;
        const revokedAtMs = apiMs < nowMs - revocationMemoryMs ? null : apiMs;
        const judged = judgeTicket({ serverId, orgId, nowMs, revokedAtMs }, ticket);
        if (issued <= 0) expect(judged.ok).toBe(false);
        else expect(judged.ok || judged.error.code).toBe(nowMs < ticket.expiresAtMs ? true : "TOKEN_EXPIRED");
      },
    ),
  );
});

test("[T9] a guest's ticket lets its org watch what is its own on another's server, and never the server; no other strange org gets in", () => {
  const context = { serverId, orgId: makeId("org", 2, bytes), nowMs: 1000, revokedAtMs: null };
  const guest: Ticket = { ...ticketOf(1000), isGuest: true, topics: [`telemetry:${makeId("workspace", 1, bytes)}`] };
  expect(judgeTicket(context, guest).ok).toBe(true);
  expect(judgeTicket(context, { ...guest, topics: ["telemetry"] })).toMatchObject({ error: { code: "FORBIDDEN" } });
  const { isGuest: _, ...stranger } = guest;
  expect(judgeTicket(context, stranger)).toMatchObject({ error: { code: "TOKEN_INVALID" } });
});
