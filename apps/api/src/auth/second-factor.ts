import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import type { UserId } from "@quarterdeck/core/ids";
import { eq, sql } from "drizzle-orm";
import type { Context } from "../context.ts";
import type { Database } from "../db/database.ts";
import { passkeys, recoveryCodes, totpSecrets } from "../db/schema.ts";
import type { Statement } from "../writer.ts";
import { auditAccount, inOrgOf } from "./account-audit.ts";
import { attemptRules, ownRule } from "./attempt-rules.ts";
import { knownDeviceOf } from "./known-device.ts";
import { listPasskeys } from "./passkeys-repo.ts";
import { takeRecoveryCode } from "./recovery-codes.ts";
import { countAttempt, forgetAttempts } from "./throttle.ts";
import { hasTotp, takeTotpCode } from "./totp.ts";

/** What an account asks for besides its password. */
export interface SecondFactors {
  readonly hasTotp: boolean;
  readonly hasPasskey: boolean;
}

export async function readSecondFactors(db: Database, userId: UserId): Promise<SecondFactors> {
  return { hasTotp: await hasTotp(db, userId), hasPasskey: (await listPasskeys(db, userId)).length > 0 };
}

/** Whether a password alone does not let into this account. An org may ask that of its members. */
export async function hasSecondFactor(db: Database, userId: UserId): Promise<boolean> {
  const factors = await readSecondFactors(db, userId);
  return factors.hasTotp || factors.hasPasskey;
}

/** Deletes recovery codes that recover nothing: the account has no second factor any more. */
export function dropNeedlessCodes(userId: UserId): Statement {
  return sql`delete from ${recoveryCodes} where ${eq(recoveryCodes.userId, userId)}
    and not exists (select 1 from ${passkeys} where ${eq(passkeys.userId, userId)})
    and not exists (select 1 from ${totpSecrets} where ${eq(totpSecrets.userId, userId)} and "confirmedAtMs" is not null)`;
}

/**
 * Takes a code of the authenticator app or a recovery code; each is good once, and counts as an attempt before it is looked at.
 *
 * @throws QuarterdeckError WRONG_CODE, RATE_LIMITED
 */
export async function takeCode(
  ctx: Context,
  { userId, email }: { userId: UserId; email: string },
  code: string,
): Promise<void> {
  const { runtime, address } = ctx;
  const device = knownDeviceOf(runtime, ctx.device.cookie, email);
  const attempt = { what: "code", account: userId, address, device } as const;
  await countAttempt(runtime, attemptRules(attempt));
  const plain = code.replaceAll(/\s/g, "");
  const isTotp = /^\d{6}$/.test(plain);
  const take = isTotp
    ? await takeTotpCode(runtime, { userId, code: plain, isConfirmed: true })
    : takeRecoveryCode(runtime, { userId, code });
  const isTaken = take !== null && (await runtime.writer.commit([take]))[0]?.rowsChanged === 1;
  const audited = await inOrgOf(ctx, userId);
  if (!isTaken) {
    const action = isTotp ? "account.useTotp" : "account.useRecoveryCode";
    await runtime.writer.commit([
      auditAccount(audited, {
        userId,
        action,
        outcome: "refused",
        detail: "WRONG_CODE",
        isAnonymous: ctx.account === null,
      }),
    ]);
    throw wrongCode();
  }
  if (!isTotp) await runtime.writer.commit([auditAccount(audited, { userId, action: "account.useRecoveryCode" })]);
  await forgetAttempts(runtime, ownRule(attempt));
}

export function wrongCode(): QuarterdeckError {
  return new QuarterdeckError(
    "WRONG_CODE",
    "This code is wrong or has been used. Wait for the app's next code, or use a recovery code.",
  );
}
