import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import { recordAudit } from "../audit/repo.ts";
import type { Context } from "../context.ts";
import { previousChanged } from "../db/insert-when.ts";
import { recordChange } from "../events/repo.ts";
import { hashToken } from "../random-token.ts";
import type { Runtime } from "../runtime.ts";
import { checkNewPassword, hashPassword, isPassword } from "./password.ts";
import { takeRight } from "./lost-right.ts";
import { claimOrg, deleteSession, findSetupToken, findUserByEmail, hasUsers, readCaller } from "./repo.ts";
import type { RightInUse } from "./rights-in-use.ts";
import type { Caller } from "./scope.ts";
import { countAttempt, forgetAttempts } from "./throttle.ts";
import type { MeView } from "./views.ts";

const attemptsPerAccount = 10;
const attemptsPerAddress = 100;

export async function readState({ runtime, caller }: Context): Promise<{ needsSetup: boolean; me: MeView | null }> {
  return { needsSetup: !(await hasUsers(runtime.db)), me: caller === null ? null : toMe(caller) };
}

interface SetUp {
  readonly setupToken: string;
  readonly email: string;
  readonly password: string;
  readonly orgName: string;
}

/** Makes the first account and gives it the org, with the one-time link. */
export async function setUp(ctx: Context, { setupToken, email, password, orgName }: SetUp): Promise<MeView> {
  const { runtime, address } = ctx;
  const { db, writer, clock, makeId } = runtime;
  await countAttempt(runtime, [{ key: `set-up|${address}`, most: attemptsPerAddress }]);
  const tokenHash = hashToken(setupToken);
  const token = await findSetupToken(db, tokenHash);
  if (token === null) {
    throw new QuarterdeckError(
      "TOKEN_INVALID",
      "This set-up link is not valid. Use the newest one: Quarterdeck prints it when it starts.",
    );
  }
  if (token.isUsed) throw alreadySetUp();
  await checkNewPassword(password, email);
  const userId = makeId("user");
  const nowMs = clock.nowMs();
  const { orgId } = token;
  const passwordHash = await hashPassword(password);
  const [claimed] = await writer.commit([
    ...claimOrg({ tokenHash, orgId, orgName, user: { userId, email, passwordHash }, nowMs }),
    recordAudit(
      runtime,
      { orgId, actor: userId, address, action: "org.claim", subject: orgId, outcome: "done", detail: null },
      previousChanged,
    ),
    recordChange({ orgId }, { kind: "org", id: orgId, atMs: nowMs }, previousChanged),
  ]);
  if (claimed?.rowsChanged !== 1) throw alreadySetUp();
  return startSession(ctx, { orgId, userId, email, orgName, role: "owner" });
}

function alreadySetUp(): QuarterdeckError {
  return new QuarterdeckError("TOKEN_USED", "Quarterdeck has been set up with this link already. Sign in instead.");
}

export async function signIn(ctx: Context, { email, password }: { email: string; password: string }): Promise<MeView> {
  const { runtime, address } = ctx;
  const accountKey = `sign-in|${email}|${address}`;
  await countAttempt(runtime, [
    { key: accountKey, most: attemptsPerAccount },
    { key: `sign-in|${address}`, most: attemptsPerAddress },
  ]);
  const user = await findUserByEmail(runtime.db, email);
  const isRight = await isPassword(password, user?.passwordHash ?? null);
  const caller = user === null ? null : await readCaller(runtime.db, user.userId);
  const isAccepted = isRight && caller !== null;
  await runtime.writer.commit([
    recordAudit(runtime, {
      orgId: caller?.orgId ?? null,
      actor: isAccepted ? caller.userId : "anonymous",
      address,
      action: "session.create",
      subject: user?.userId ?? null,
      outcome: isAccepted ? "done" : "refused",
      detail: isAccepted ? null : "WRONG_CREDENTIALS",
    }),
  ]);
  if (!isAccepted) throw new QuarterdeckError("WRONG_CREDENTIALS", "The e-mail address or the password is wrong.");
  await forgetAttempts(runtime, accountKey);
  return startSession(ctx, toMe(caller));
}

/** Ends the session; without one it only takes the cookie away. */
export async function signOut({ runtime, caller, sessionToken, address, setCookie }: Context): Promise<void> {
  if (sessionToken !== null) await endSession(runtime, { sessionToken, caller, address });
  setCookie(runtime.sessions.blankCookie());
}

interface SessionToEnd {
  readonly sessionToken: string;
  readonly caller: Caller | null;
  readonly address: string;
}

/** Ends a session with what it let in. One that belongs to nobody in an org lets nobody in anywhere. */
async function endSession(runtime: Runtime, { sessionToken, caller, address }: SessionToEnd): Promise<void> {
  if (caller === null) return runtime.sessions.end(sessionToken);
  const { orgId, userId } = caller;
  const tokenHash = hashToken(sessionToken);
  const audit = { actor: userId, address, action: "session.end", detail: null };
  await takeRight(runtime, { orgId, userId, endsReading: false, audit }, [deleteSession(tokenHash, userId)]);
  const isOfSession = (right: RightInUse) => right.tokenHash === tokenHash;
  runtime.rights.forgetTickets(isOfSession);
  runtime.rights.closeSockets(isOfSession, "signedOut");
}

/** A session always starts with a new token, so one that was planted before is worth nothing. */
async function startSession(ctx: Context, me: MeView): Promise<MeView> {
  const { runtime, sessionToken, address, setCookie } = ctx;
  if (sessionToken !== null) await endSession(runtime, { sessionToken, caller: ctx.caller, address });
  const { cookie } = await runtime.sessions.create({ userId: me.userId, nowMs: runtime.clock.nowMs(), address });
  setCookie(cookie);
  return me;
}

function toMe({ userId, email, orgId, orgName, role }: Caller): MeView {
  return { userId, email, orgId, orgName, role };
}
