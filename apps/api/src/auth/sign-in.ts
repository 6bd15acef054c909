import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import type { UserId } from "@quarterdeck/core/ids";
import type { AuthenticationResponseJSON } from "@simplewebauthn/server";
import { recordAudit } from "../audit/repo.ts";
import type { Context } from "../context.ts";
import { attemptRules, ownRule, tokenRules } from "./attempt-rules.ts";
import { knownDeviceOf } from "./known-device.ts";
import { usePasskey } from "./use-passkey.ts";
import { listPasskeys } from "./passkeys-repo.ts";
import { isPassword } from "./password.ts";
import { finishPendingSignIn, readPendingSignIn, startPendingSignIn } from "./pending-sign-in.ts";
import { findUserByEmail, readCaller } from "./repo.ts";
import { readSecondFactors, takeCode } from "./second-factor.ts";
import { startSession } from "./start-session.ts";
import { countAttempt, forgetAttempts } from "./throttle.ts";
import type { SignedInView, SignInView } from "./views.ts";
import { authenticationOptions, type PasskeyRequest } from "./webauthn.ts";

/** The first step: the password. Who has a second factor is not in yet. */
export async function signIn(
  ctx: Context,
  { email, password }: { email: string; password: string },
): Promise<SignInView> {
  const { runtime, address } = ctx;
  const device = knownDeviceOf(runtime, ctx.device.cookie, email);
  const attempt = { what: "sign-in", account: email, address, device } as const;
  await countAttempt(runtime, attemptRules(attempt));
  const user = await findUserByEmail(runtime.db, email);
  if (!(await isPassword(password, user?.passwordHash ?? null)) || user === null) {
    await recordSignIn(ctx, { userId: user?.userId ?? null, refusedAs: "WRONG_CREDENTIALS" });
    throw new QuarterdeckError("WRONG_CREDENTIALS", "The e-mail address or the password is wrong.");
  }
  await forgetAttempts(runtime, ownRule(attempt));
  const factors = await readSecondFactors(runtime.db, user.userId);
  if (factors.hasTotp || factors.hasPasskey) {
    return { step: "secondFactor", pendingToken: await startPendingSignIn(runtime, user.userId), ...factors };
  }
  return { step: "done", ...(await letIn(ctx, user.userId, "password")) };
}

/** The second step, with a code of the authenticator app or a recovery code. */
export async function signInWithCode(
  ctx: Context,
  { pendingToken, code }: { pendingToken: string; code: string },
): Promise<SignedInView> {
  const { runtime } = ctx;
  await countAttempt(runtime, tokenRules("pending", ctx.address));
  const pending = await readPendingSignIn(runtime, pendingToken);
  await takeCode(ctx, pending, code);
  await finishPendingSignIn(runtime, pending);
  return letIn(ctx, pending.userId, "password and code");
}

/** What the browser is to ask an authenticator for: the second step, or without a token all of signing in. */
export async function passkeyOptions(ctx: Context, pendingToken: string | null): Promise<PasskeyRequest> {
  const { runtime } = ctx;
  await countAttempt(runtime, tokenRules("passkey-options", ctx.address));
  if (pendingToken === null) return authenticationOptions(runtime, { kind: "signIn", userId: null }, []);
  const { userId } = await readPendingSignIn(runtime, pendingToken);
  return authenticationOptions(runtime, { kind: "secondFactor", userId }, await listPasskeys(runtime.db, userId));
}

interface PasskeySignIn {
  readonly pendingToken: string | null;
  readonly response: AuthenticationResponseJSON;
}

export async function signInWithPasskey(
  ctx: Context,
  { pendingToken, response }: PasskeySignIn,
): Promise<SignedInView> {
  const { runtime } = ctx;
  await countAttempt(runtime, tokenRules("passkey", ctx.address));
  if (pendingToken === null) {
    const userId = await usePasskey(ctx, { kind: "signIn", userId: null }, response);
    return letIn(ctx, userId, "passkey");
  }
  const pending = await readPendingSignIn(runtime, pendingToken);
  await usePasskey(ctx, { kind: "secondFactor", userId: pending.userId }, response);
  await finishPendingSignIn(runtime, pending);
  return letIn(ctx, pending.userId, "password and passkey");
}

async function letIn(ctx: Context, userId: UserId, by: string): Promise<SignedInView> {
  const signedIn = await startSession(ctx, userId);
  await recordSignIn(ctx, { userId, refusedAs: null, by });
  return signedIn;
}

interface SignInRecord {
  readonly userId: UserId | null;
  readonly refusedAs: string | null;
  readonly by?: string;
}

/** Recorded for the org of the account that was meant, also where nobody knows who tried. */
async function recordSignIn({ runtime, address }: Context, { userId, refusedAs, by }: SignInRecord): Promise<void> {
  const caller = userId === null ? null : await readCaller(runtime.db, userId, null);
  const entry = {
    orgId: caller?.orgId ?? null,
    actor: refusedAs === null && userId !== null ? userId : "anonymous",
    address,
    action: "session.create",
    subject: userId,
    outcome: refusedAs === null ? "done" : "refused",
    detail: refusedAs ?? by ?? null,
  } as const;
  await runtime.writer.commit([recordAudit(runtime, entry)]);
}
