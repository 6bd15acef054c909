import type { UserId } from "@quarterdeck/core/ids";
import type { AuthenticationResponseJSON } from "@simplewebauthn/server";
import type { Context } from "../context.ts";
import { auditAccount, inOrgOf } from "./account-audit.ts";
import type { Ceremony } from "./passkey-challenges.ts";
import { countUse, findPasskey } from "./passkeys-repo.ts";
import { passkeyRefused, verifyAuthentication } from "./webauthn.ts";

/**
 * Takes what an authenticator signed, for the user that the ceremony names or, without one, the passkey's own.
 *
 * @throws QuarterdeckError PASSKEY_REFUSED
 */
export async function usePasskey(
  ctx: Context,
  ceremony: Ceremony,
  response: AuthenticationResponseJSON,
): Promise<UserId> {
  const { runtime } = ctx;
  const passkey = await findPasskey(runtime.db, response.id);
  try {
    if (passkey === null || (ceremony.userId !== null && ceremony.userId !== passkey.userId)) throw passkeyRefused();
    const counter = await verifyAuthentication(runtime, { ceremony, response }, passkey);
    const [counted] = await runtime.writer.commit([countUse(passkey, counter, runtime.clock.nowMs())]);
    if (counted?.rowsChanged !== 1) throw passkeyRefused();
    return passkey.userId;
  } catch (error) {
    const entry = { userId: passkey?.userId ?? null, action: "account.usePasskey", isAnonymous: ctx.account === null };
    const audited = await inOrgOf(ctx, entry.userId);
    await runtime.writer.commit([auditAccount(audited, { ...entry, outcome: "refused", detail: "PASSKEY_REFUSED" })]);
    throw error;
  }
}
