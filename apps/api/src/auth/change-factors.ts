import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import type { PasskeyId } from "@quarterdeck/core/ids";
import type { RegistrationResponseJSON } from "@simplewebauthn/server";
import { sql, type SQL } from "drizzle-orm";
import type { AccountContext } from "../context.ts";
import { previousChanged } from "../db/insert-when.ts";
import { notFound } from "../not-found.ts";
import { auditAccount } from "./account-audit.ts";
import { attemptRules } from "./attempt-rules.ts";
import { knownDeviceOf } from "./known-device.ts";
import { deletePasskey, insertPasskey, listPasskeys, renamePasskey } from "./passkeys-repo.ts";
import { requireRecentAuth } from "./recent-auth.ts";
import { makeRecoveryCodes, replaceRecoveryCodes } from "./recovery-codes.ts";
import { changeWithNewSession } from "./renew-session.ts";
import { dropNeedlessCodes, hasSecondFactor, wrongCode } from "./second-factor.ts";
import { countAttempt } from "./throttle.ts";
import { deleteTotp, startTotp, takeTotpCode, type TotpEnrolment } from "./totp.ts";
import { registrationOptions, verifyRegistration, type PasskeyCreation } from "./webauthn.ts";

/** The codes of an account that gets its first second factor; null where it has codes already. */
export interface NewCodes {
  readonly recoveryCodes: readonly string[] | null;
}

export async function startTotpSetUp({ runtime, scope }: AccountContext): Promise<TotpEnrolment> {
  requireRecentAuth(scope);
  return startTotp(runtime, scope);
}

/** The authenticator app counts from its first code on. */
export async function confirmTotp(ctx: AccountContext, code: string): Promise<NewCodes> {
  const { runtime, scope, address } = ctx;
  requireRecentAuth(scope);
  const device = knownDeviceOf(runtime, ctx.device.cookie, scope.email);
  await countAttempt(runtime, attemptRules({ what: "code", account: scope.userId, address, device }));
  const codes = await firstCodes(ctx);
  const take = await takeTotpCode(runtime, {
    userId: scope.userId,
    code: code.replaceAll(/\s/g, ""),
    isConfirmed: false,
  });
  const also = keeping(ctx, codes);
  if (take === null || !(await changeWithNewSession(ctx, { unit: [take], also, action: "account.addTotp" })))
    throw wrongCode();
  return { recoveryCodes: codes };
}

export async function removeTotp(ctx: AccountContext): Promise<void> {
  requireRecentAuth(ctx.scope);
  const { userId } = ctx.scope;
  const also = () => [dropNeedlessCodes(userId)];
  if (!(await changeWithNewSession(ctx, { unit: [deleteTotp(userId)], also, action: "account.removeTotp" })))
    throw notFound("authenticator app");
}

export async function newRecoveryCodes(ctx: AccountContext): Promise<readonly string[]> {
  requireRecentAuth(ctx.scope);
  const { runtime, scope } = ctx;
  if (!(await hasSecondFactor(runtime.db, scope.userId)))
    throw new QuarterdeckError("CONFLICT", "Recovery codes stand in for a second factor. Set up one first.");
  const codes = makeRecoveryCodes();
  await runtime.writer.commit([
    ...replaceRecoveryCodes(runtime, { userId: scope.userId, codes }, sql`true`),
    auditAccount(ctx, { userId: scope.userId, action: "account.newRecoveryCodes" }),
  ]);
  return codes;
}

export async function passkeySetUpOptions({ runtime, scope }: AccountContext): Promise<PasskeyCreation> {
  requireRecentAuth(scope);
  const ceremony = { kind: "add", userId: scope.userId } as const;
  const existing = await listPasskeys(runtime.db, scope.userId);
  return registrationOptions(runtime, { ceremony, email: scope.email, existing });
}

export async function addPasskey(
  ctx: AccountContext,
  { name, response }: { name: string; response: RegistrationResponseJSON },
): Promise<NewCodes> {
  requireRecentAuth(ctx.scope);
  const { runtime, scope } = ctx;
  const { userId } = scope;
  const codes = await firstCodes(ctx);
  const credential = await verifyRegistration(runtime, { kind: "add", userId }, response);
  const row = { ...credential, passkeyId: runtime.makeId("passkey"), userId, name, createdAtMs: runtime.clock.nowMs() };
  const unit = [insertPasskey(row, sql`true`)];
  const change = { unit, also: keeping(ctx, codes), action: "account.addPasskey", detail: row.passkeyId };
  if (!(await changeWithNewSession(ctx, change)))
    throw new QuarterdeckError("CONFLICT", "This passkey is registered already. Use another authenticator.");
  return { recoveryCodes: codes };
}

export async function nameAPasskey(
  ctx: AccountContext,
  { passkeyId, name }: { passkeyId: PasskeyId; name: string },
): Promise<void> {
  const { userId } = ctx.scope;
  const [renamed] = await ctx.runtime.writer.commit([
    renamePasskey(userId, passkeyId, name),
    auditAccount(ctx, { userId, action: "account.renamePasskey", detail: passkeyId }, previousChanged),
  ]);
  if (renamed?.rowsChanged !== 1) throw notFound("passkey");
}

export async function removePasskey(ctx: AccountContext, passkeyId: PasskeyId): Promise<void> {
  requireRecentAuth(ctx.scope);
  const { userId } = ctx.scope;
  const known = await listPasskeys(ctx.runtime.db, userId);
  if (!known.some((row) => row.passkeyId === passkeyId)) throw notFound("passkey");
  const unit = [deletePasskey(userId, passkeyId)];
  const also = () => [dropNeedlessCodes(userId)];
  if (!(await changeWithNewSession(ctx, { unit, also, action: "account.removePasskey", detail: passkeyId })))
    throw new QuarterdeckError(
      "CONFLICT",
      "This passkey is the only way into your account. Set a password or add another passkey first.",
    );
}

async function firstCodes({ runtime, scope }: AccountContext): Promise<string[] | null> {
  return (await hasSecondFactor(runtime.db, scope.userId)) ? null : makeRecoveryCodes();
}

function keeping({ runtime, scope: { userId } }: AccountContext, codes: readonly string[] | null) {
  return (happened: SQL) => (codes === null ? [] : replaceRecoveryCodes(runtime, { userId, codes }, happened));
}
