import type { SignInId } from "@quarterdeck/core/ids";
import bowser from "bowser";
import type { AccountContext } from "../context.ts";
import { previousChanged } from "../db/insert-when.ts";
import { notFound } from "../not-found.ts";
import { hashToken } from "../random-token.ts";
import { auditAccount } from "./account-audit.ts";
import type { AccountView, SessionView } from "./account-views.ts";
import { endSessions } from "./end-sessions.ts";
import { listPasskeys } from "./passkeys-repo.ts";
import { requireRecentAuth } from "./recent-auth.ts";
import { countRecoveryCodes } from "./recovery-codes.ts";
import { findUserByEmail } from "./repo.ts";
import { hasTotp } from "./totp.ts";
import { listSessions } from "./sessions-repo.ts";

export async function readAccountView({ runtime, scope }: AccountContext): Promise<AccountView> {
  const { db } = runtime;
  const { userId, email } = scope;
  const keys = await listPasskeys(db, userId);
  return {
    email,
    hasPassword: typeof (await findUserByEmail(db, email))?.passwordHash === "string",
    hasTotp: await hasTotp(db, userId),
    recoveryCodesLeft: await countRecoveryCodes(db, userId),
    passkeys: keys.map(({ passkeyId, name, createdAtMs, lastUsedAtMs }) => ({
      passkeyId,
      name,
      createdAtMs,
      lastUsedAtMs,
    })),
  };
}

export async function readSessions({ runtime, scope }: AccountContext): Promise<SessionView[]> {
  const rows = await listSessions(runtime.db, scope.userId, runtime.clock.nowMs());
  const own = hashToken(scope.sessionToken);
  return rows.map(({ tokenHash, signInId, userAgent, address, createdAtMs, lastUsedAtMs }) => ({
    signInId,
    isCurrent: tokenHash === own,
    ...describeUserAgent(userAgent),
    address,
    createdAtMs,
    lastUsedAtMs,
  }));
}

/** A stolen session must not shut its owner out, so it takes a recent proof. */
export async function revokeSession(ctx: AccountContext, signInId: SignInId): Promise<void> {
  requireRecentAuth(ctx.scope);
  const { userId } = ctx.scope;
  const after = [auditAccount(ctx, { userId, action: "session.revoke", detail: signInId }, previousChanged)];
  const { ended } = await endSessions(ctx.runtime, { userId, choice: { signInId } }, { after });
  if (ended === 0) throw notFound("session");
}

/** Answers how many ended. */
export async function revokeOtherSessions(ctx: AccountContext): Promise<number> {
  requireRecentAuth(ctx.scope);
  const { userId, sessionToken } = ctx.scope;
  const after = [auditAccount(ctx, { userId, action: "session.revokeOthers" }, previousChanged)];
  const choice = { allBut: hashToken(sessionToken) };
  return (await endSessions(ctx.runtime, { userId, choice }, { after })).ended;
}

/** "Chrome 156" on "Linux", as far as a browser says so. */
function describeUserAgent(userAgent: string): { browser: string; system: string } {
  if (userAgent === "") return { browser: "", system: "" };
  const { browser, os } = bowser.parse(userAgent);
  const version = browser.version?.split(".")[0] ?? "";
  return { browser: `${browser.name ?? ""} ${version}`.trim(), system: os.name ?? "" };
}
