import { eq, sql } from "drizzle-orm";
import type { Context } from "../context.ts";
import { previousChanged } from "../db/insert-when.ts";
import { users } from "../db/schema.ts";
import { auditAccount } from "./account-audit.ts";
import { tokenRules } from "./attempt-rules.ts";
import { endSessions } from "./end-sessions.ts";
import { makeLink } from "./links/make-link.ts";
import { deleteLinks, useLinkOnce } from "./links/repo.ts";
import { linkUsed, requireLink } from "./links/require-link.ts";
import { checkNewPassword, hashPassword } from "./password.ts";
import { findUserByEmail } from "./repo.ts";
import { countAttempt } from "./throttle.ts";

const perEmail = 5;

/** What is asked for in the name of an address, whether it has an account or not. */
export async function countMailRequest(
  { runtime, address }: Context,
  { what, email }: { what: string; email: string },
): Promise<void> {
  await countAttempt(runtime, [...tokenRules(what, address), { key: `${what}|${email}`, most: perEmail }]);
}

/** Sends a link for a new password, if there is such an account. The answer is the same where there is none. */
export async function requestReset(ctx: Context, email: string): Promise<void> {
  const { runtime } = ctx;
  await countMailRequest(ctx, { what: "reset", email });
  const user = await findUserByEmail(runtime.db, email);
  const userId = user?.userId ?? null;
  const hasAccount = userId === null ? sql`false` : sql`true`;
  const link = makeLink(runtime, { kind: "resetPassword", userId, email }, hasAccount);
  await runtime.writer.commit([
    link.statement,
    auditAccount(ctx, { userId, action: "account.requestReset", isAnonymous: true }),
  ]);
  if (userId !== null) link.deliver();
}

/** Sets a new password with a link. Everybody who was signed in is out; a second factor is still asked for. */
export async function resetPassword(
  ctx: Context,
  { token, password }: { token: string; password: string },
): Promise<void> {
  const { runtime } = ctx;
  const link = await requireLink(ctx, token, ["resetPassword"]);
  const { userId, email } = link;
  if (userId === null) throw linkUsed();
  await checkNewPassword(password, email);
  const passwordHash = await hashPassword(password);
  const before = [
    useLinkOnce(link, runtime.clock.nowMs()),
    sql`update ${users} set "passwordHash" = ${passwordHash} where ${eq(users.userId, userId)} and ${previousChanged}`,
    auditAccount(ctx, { userId, action: "account.resetPassword" }, previousChanged),
  ];
  const after = [deleteLinks(userId, ["resetPassword"], sql`true`)];
  const { outcomes } = await endSessions(
    runtime,
    { userId, choice: "all", condition: previousChanged },
    { before, after },
  );
  if (outcomes[0]?.rowsChanged !== 1) throw linkUsed();
}
