import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import type { AuthenticationResponseJSON } from "@simplewebauthn/server";
import type { AccountContext } from "../context.ts";
import { auditAccount } from "./account-audit.ts";
import { attemptRules, ownRule } from "./attempt-rules.ts";
import { knownDeviceOf } from "./known-device.ts";
import { listPasskeys } from "./passkeys-repo.ts";
import { isPassword } from "./password.ts";
import { changeWithNewSession } from "./renew-session.ts";
import { findUserByEmail } from "./repo.ts";
import { readSecondFactors, takeCode } from "./second-factor.ts";
import { countAttempt, forgetAttempts } from "./throttle.ts";
import { usePasskey } from "./use-passkey.ts";
import { authenticationOptions, type PasskeyRequest } from "./webauthn.ts";

/** How somebody who is signed in may prove that it is still them. */
export interface StepUpOptions {
  /** Only of an account that has nothing stronger. */
  readonly password: boolean;
  readonly code: boolean;
  readonly passkey: PasskeyRequest | null;
}

export type Proof =
  | { readonly kind: "password"; readonly password: string }
  | { readonly kind: "code"; readonly code: string }
  | { readonly kind: "passkey"; readonly response: AuthenticationResponseJSON };

export async function stepUpOptions({ runtime, scope: { userId } }: AccountContext): Promise<StepUpOptions> {
  const { hasTotp, hasPasskey } = await readSecondFactors(runtime.db, userId);
  const ceremony = { kind: "stepUp", userId } as const;
  return {
    password: !hasTotp && !hasPasskey,
    code: hasTotp,
    passkey: hasPasskey ? await authenticationOptions(runtime, ceremony, await listPasskeys(runtime.db, userId)) : null,
  };
}

/** Takes the proof; from then on the session may do for a while what is dangerous, under a new token. */
export async function stepUp(ctx: AccountContext, proof: Proof): Promise<void> {
  const { userId } = ctx.scope;
  if (proof.kind === "password") {
    const { hasTotp, hasPasskey } = await readSecondFactors(ctx.runtime.db, userId);
    if (hasTotp || hasPasskey)
      throw new QuarterdeckError("BAD_REQUEST", "This account has two-step sign-in. Confirm with a code or a passkey.");
    await takePassword(ctx, proof.password);
  } else if (proof.kind === "code") await takeCode(ctx, ctx.scope, proof.code);
  else await usePasskey(ctx, { kind: "stepUp", userId }, proof.response);
  await changeWithNewSession(ctx, { unit: [], action: "session.stepUp", detail: proof.kind });
}

/**
 * Checks the password of whoever is signed in; it counts as an attempt to sign in.
 *
 * @throws QuarterdeckError WRONG_CREDENTIALS, RATE_LIMITED
 */
export async function takePassword(ctx: AccountContext, password: string): Promise<void> {
  const { runtime, address, scope } = ctx;
  const device = knownDeviceOf(runtime, ctx.device.cookie, scope.email);
  const attempt = { what: "sign-in", account: scope.email, address, device } as const;
  await countAttempt(runtime, attemptRules(attempt));
  const user = await findUserByEmail(runtime.db, scope.email);
  if (!(await isPassword(password, user?.passwordHash ?? null))) {
    const entry = {
      userId: scope.userId,
      action: "session.stepUp",
      outcome: "refused",
      detail: "WRONG_CREDENTIALS",
    } as const;
    await runtime.writer.commit([auditAccount(ctx, entry)]);
    throw new QuarterdeckError("WRONG_CREDENTIALS", "The password is wrong.");
  }
  await forgetAttempts(runtime, ownRule(attempt));
}
