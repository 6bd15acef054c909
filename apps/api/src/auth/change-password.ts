import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import { eq, isNull, sql } from "drizzle-orm";
import type { AccountContext } from "../context.ts";
import { users } from "../db/schema.ts";
import { deleteLinks } from "./links/repo.ts";
import { checkNewPassword, hashPassword } from "./password.ts";
import { deletePassword } from "./passkeys-repo.ts";
import { requireRecentAuth } from "./recent-auth.ts";
import { changeWithNewSession } from "./renew-session.ts";
import { findUserByEmail } from "./repo.ts";
import { takePassword } from "./step-up.ts";

interface NewPassword {
  /** Null where the account has none. */
  readonly current: string | null;
  readonly password: string;
}

/** Changes the password, or gives one to an account that has none. The account's other sessions end. */
export async function changePassword(ctx: AccountContext, { current, password }: NewPassword): Promise<void> {
  const { runtime, scope } = ctx;
  requireRecentAuth(scope);
  const user = await findUserByEmail(runtime.db, scope.email);
  const before = user?.passwordHash ?? null;
  if (before !== null) await takePassword(ctx, current ?? "");
  await checkNewPassword(password, scope.email);
  const passwordHash = await hashPassword(password);
  // Nobody has changed it since the current one was checked.
  const isSame = before === null ? isNull(users.passwordHash) : eq(users.passwordHash, before);
  const unit = [
    sql`update ${users} set "passwordHash" = ${passwordHash} where ${eq(users.userId, scope.userId)} and ${isSame}`,
  ];
  if (!(await changeWithNewSession(ctx, { unit, action: "account.changePassword", endsOthers: true })))
    throw new QuarterdeckError("CONFLICT", "The password was changed in the meantime. Load the page again.");
  await runtime.writer.commit([deleteLinks(scope.userId, ["resetPassword"], sql`true`)]);
}

/** From then on only passkeys let in. */
export async function removePassword(ctx: AccountContext): Promise<void> {
  requireRecentAuth(ctx.scope);
  const { userId } = ctx.scope;
  if (await changeWithNewSession(ctx, { unit: [deletePassword(userId)], action: "account.removePassword" })) return;
  throw new QuarterdeckError(
    "CONFLICT",
    "The password is the only way into your account. Add a passkey first, then remove the password.",
  );
}
