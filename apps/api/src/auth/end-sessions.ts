import type { UserId } from "@quarterdeck/core/ids";
import { sql, type SQL } from "drizzle-orm";
import { enqueueForOrg } from "../outbox/repo.ts";
import type { Runtime } from "../runtime.ts";
import type { Statement, StatementOutcome, Unit } from "../writer.ts";
import type { RightInUse, SocketEnd } from "./rights-in-use.ts";
import { deleteSessions, listOrgIds, type SessionChoice } from "./sessions-repo.ts";

/**
 * Ends sessions of a user with all that they let in, in one unit with what comes before (PROTOCOL 6.7).
 *
 * @param before its last statement decides whether anything happens; none, where it is decided
 * @param after what is written whenever sessions ended
 * @returns what each statement of `before` did, and how many sessions ended
 */
export async function endSessions(
  runtime: Runtime,
  { userId, choice, condition = sql`true` }: { userId: UserId; choice: SessionChoice; condition?: SQL },
  { before = [], after = [] }: { before?: Unit; after?: Unit },
): Promise<{ outcomes: readonly StatementOutcome[]; ended: number }> {
  const words = await tellServers(runtime, userId, sql`true`);
  const outcomes = await runtime.writer.commit([
    ...before,
    deleteSessions(userId, choice, condition),
    ...after,
    ...words,
  ]);
  const deleted = outcomes[before.length]?.rows ?? [];
  const hashes = new Set(deleted.map((row) => row["tokenHash"]));
  runtime.nudgeOutbox();
  endWhatIsOpen(runtime, ({ tokenHash }) => hashes.has(tokenHash), "signedOut");
  return { outcomes, ended: hashes.size };
}

/** The word to the servers of each of the user's orgs that the user's connections end; who may comes back with a new ticket. */
export async function tellServers({ db, clock }: Runtime, userId: UserId, condition: SQL): Promise<Statement[]> {
  const nowMs = clock.nowMs();
  const entry = { kind: "revokeViewers", userId, atMs: nowMs } as const;
  const orgIds = await listOrgIds(db, userId);
  return orgIds.flatMap((orgId) => enqueueForOrg({ orgId }, { entry, nowMs }, condition));
}

export function endWhatIsOpen({ rights }: Runtime, isMeant: (right: RightInUse) => boolean, end: SocketEnd): void {
  rights.forgetTickets(isMeant);
  rights.closeSockets(isMeant, end);
}
