import type { UserId } from "@quarterdeck/core/ids";
import type { Context } from "../context.ts";
import { previousChanged } from "../db/insert-when.ts";
import { hashToken } from "../random-token.ts";
import { auditAccount } from "./account-audit.ts";
import { knownDeviceCookie } from "./known-device.ts";
import { takeRight } from "./lost-right.ts";
import { deleteSession, readAccount, readCaller } from "./repo.ts";
import { endWhatIsOpen } from "./end-sessions.ts";
import { toSignedIn, type SignedInView } from "./views.ts";

/**
 * A session always starts with a new token, so one that was planted before is worth nothing. An account that is in no org
 * gets one too: else it could never accept an invitation.
 */
export async function startSession(ctx: Context, userId: UserId): Promise<SignedInView> {
  const { runtime, sessionToken, address, device, setCookie } = ctx;
  const caller = await readCaller(runtime.db, userId, null);
  const account = caller ?? (await readAccount(runtime.db, userId));
  if (account === null) throw new Error("a session for an account that there is not");
  if (sessionToken !== null) await endSession(ctx, sessionToken);
  const { userAgent } = device;
  const { cookie } = await runtime.sessions.create({ userId, nowMs: runtime.clock.nowMs(), address, userAgent });
  setCookie(cookie);
  setCookie(knownDeviceCookie(runtime, account.email));
  return toSignedIn(account, caller);
}

type Ending = Pick<Context, "runtime" | "account" | "caller" | "address">;

/** Ends a session with what it let in. One that belongs to nobody in an org has nothing open. */
export async function endSession({ runtime, account, caller, address }: Ending, sessionToken: string): Promise<void> {
  if (account === null) return runtime.sessions.end(sessionToken);
  const { userId } = account;
  const tokenHash = hashToken(sessionToken);
  if (caller === null) {
    const ended = { userId, action: "session.end" };
    const entry = auditAccount({ runtime, caller, address }, ended, previousChanged);
    await runtime.writer.commit([deleteSession(tokenHash, userId), entry]);
    return;
  }
  const { orgId } = caller;
  const audit = { actor: userId, address, action: "session.end", detail: null };
  await takeRight(runtime, { orgId, userId, endsReading: false, audit }, [deleteSession(tokenHash, userId)]);
  endWhatIsOpen(runtime, (right) => right.tokenHash === tokenHash, "signedOut");
}
