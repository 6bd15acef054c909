import type { UserId } from "@quarterdeck/core/ids";
import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import type { Context } from "../context.ts";
import { hashToken } from "../random-token.ts";
import type { Runtime } from "../runtime.ts";
import { knownDeviceCookie } from "./known-device.ts";
import { takeRight } from "./lost-right.ts";
import { deleteSession, readCaller } from "./repo.ts";
import { endWhatIsOpen } from "./end-sessions.ts";
import type { Caller } from "./scope.ts";
import { toMe, type MeView } from "./views.ts";

/** A session always starts with a new token, so one that was planted before is worth nothing. */
export async function startSession(ctx: Context, userId: UserId): Promise<MeView> {
  const { runtime, sessionToken, address, device, setCookie } = ctx;
  const caller = await readCaller(runtime.db, userId, null);
  if (caller === null) throw inNoOrg();
  if (sessionToken !== null) await endSession(runtime, { sessionToken, caller: ctx.caller, address });
  const { userAgent } = device;
  const { cookie } = await runtime.sessions.create({ userId, nowMs: runtime.clock.nowMs(), address, userAgent });
  setCookie(cookie);
  setCookie(knownDeviceCookie(runtime, caller.email));
  return toMe(caller);
}

function inNoOrg(): QuarterdeckError {
  return new QuarterdeckError("FORBIDDEN", "This account is in no organization. Ask one of its owners to invite you.");
}

interface SessionToEnd {
  readonly sessionToken: string;
  readonly caller: Caller | null;
  readonly address: string;
}

/** Ends a session with what it let in. One that belongs to nobody in an org lets nobody in anywhere. */
export async function endSession(runtime: Runtime, { sessionToken, caller, address }: SessionToEnd): Promise<void> {
  if (caller === null) return runtime.sessions.end(sessionToken);
  const { orgId, userId } = caller;
  const tokenHash = hashToken(sessionToken);
  const audit = { actor: userId, address, action: "session.end", detail: null };
  await takeRight(runtime, { orgId, userId, endsReading: false, audit }, [deleteSession(tokenHash, userId)]);
  endWhatIsOpen(runtime, (right) => right.tokenHash === tokenHash, "signedOut");
}
