import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import { recordAudit } from "../audit/repo.ts";
import type { Context } from "../context.ts";
import { previousChanged } from "../db/insert-when.ts";
import { recordChange } from "../events/repo.ts";
import { hashToken } from "../random-token.ts";
import { tokenRules } from "./attempt-rules.ts";
import { checkNewPassword, hashPassword } from "./password.ts";
import { claimOrg, findSetupToken, hasUsers } from "./repo.ts";
import { endSession, startSession } from "./start-session.ts";
import { countAttempt } from "./throttle.ts";
import { toSignedIn, type AuthStateView, type SignedInView } from "./views.ts";

export async function readState({ runtime, account, caller }: Context): Promise<AuthStateView> {
  const needsSetup = !(await hasUsers(runtime.db));
  return account === null ? { needsSetup, account: null, me: null } : { needsSetup, ...toSignedIn(account, caller) };
}

interface SetUp {
  readonly setupToken: string;
  readonly email: string;
  readonly password: string;
  readonly orgName: string;
}

/** Makes the first account and gives it the org, with the one-time link. */
export async function setUp(ctx: Context, { setupToken, email, password, orgName }: SetUp): Promise<SignedInView> {
  const { runtime, address } = ctx;
  const { db, writer, clock, makeId } = runtime;
  await countAttempt(runtime, tokenRules("set-up", address));
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
  return startSession(ctx, userId);
}

function alreadySetUp(): QuarterdeckError {
  return new QuarterdeckError("TOKEN_USED", "Quarterdeck has been set up with this link already. Sign in instead.");
}

/** Ends the session; without one it only takes the cookie away. */
export async function signOut(ctx: Context): Promise<void> {
  const { runtime, sessionToken, setCookie } = ctx;
  if (sessionToken !== null) await endSession(ctx, sessionToken);
  setCookie(runtime.sessions.blankCookie());
}
