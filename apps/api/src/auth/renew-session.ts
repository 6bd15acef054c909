import { sql, type SQL } from "drizzle-orm";
import type { AccountContext } from "../context.ts";
import { previousChanged } from "../db/insert-when.ts";
import { hashToken } from "../random-token.ts";
import type { Unit } from "../writer.ts";
import { auditAccount } from "./account-audit.ts";
import { endWhatIsOpen, tellServers } from "./end-sessions.ts";
import { deleteSessions, isSession, moveSession } from "./sessions-repo.ts";

interface Change {
  /** Each statement changes a row only if the one before did; the first decides. */
  readonly unit: Unit;
  readonly action: string;
  readonly detail?: string;
  /** What is written with it if it was done, as `happened` says. */
  readonly also?: (happened: SQL) => Unit;
  /** The account's other sessions end: what they were opened with is worth nothing any more. */
  readonly endsOthers?: boolean;
}

/**
 * Changes what an account is signed in to with, and gives the session a new token in the same unit: who had the old one
 * has nothing (session fixation). What the old one had opened ends and comes back with the new one.
 *
 * @returns whether anything was changed
 */
export async function changeWithNewSession(
  ctx: AccountContext,
  { unit, action, detail, also, endsOthers = false }: Change,
): Promise<boolean> {
  const { runtime, scope, address, setCookie } = ctx;
  const { userId, sessionToken } = scope;
  const from = hashToken(sessionToken);
  const { tokenHash: to, cookie } = runtime.sessions.makeToken();
  const nowMs = runtime.clock.nowMs();
  const condition = unit.length > 0 ? previousChanged : sql`true`;
  const audit = auditAccount(ctx, { userId, action, ...(detail !== undefined && { detail }) }, condition);
  const outcomes = await runtime.writer.commit([
    ...unit,
    audit,
    moveSession({ from, to, address, nowMs }, previousChanged),
    ...(also?.(isSession(to)) ?? []),
    ...(endsOthers ? [deleteSessions(userId, { allBut: to }, isSession(to))] : []),
    ...(await tellServers(runtime, userId, isSession(to))),
  ]);
  if (outcomes[unit.length]?.rowsChanged !== 1) return false;
  if (outcomes[unit.length + 1]?.rowsChanged === 1) setCookie(cookie); // Else it was ended in the meantime.
  runtime.nudgeOutbox();
  endWhatIsOpen(runtime, ({ tokenHash }) => tokenHash === from, "changed");
  if (endsOthers)
    endWhatIsOpen(runtime, ({ caller, tokenHash }) => caller.userId === userId && tokenHash !== to, "signedOut");
  return true;
}
