import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import type { UserId } from "@quarterdeck/core/ids";
import { and, eq, sql, type SQL } from "drizzle-orm";
import type { AccountContext, Context } from "../context.ts";
import type { Database } from "../db/database.ts";
import { previousChanged } from "../db/insert-when.ts";
import { users } from "../db/schema.ts";
import type { Unit } from "../writer.ts";
import { auditAccount } from "./account-audit.ts";
import { endSessions } from "./end-sessions.ts";
import { makeLink } from "./links/make-link.ts";
import { deleteLinks, useLinkOnce, type LinkRow } from "./links/repo.ts";
import { linkUsed, requireLink } from "./links/require-link.ts";
import { requireRecentAuth } from "./recent-auth.ts";
import { changeWithNewSession } from "./renew-session.ts";
import { findUserByEmail, readAccount } from "./repo.ts";
import { countMailRequest } from "./reset-password.ts";

/** Sends a link to the new address; the old one counts until it was opened. Nobody learns whether an address has an account. */
export async function requestEmailChange(ctx: AccountContext, email: string): Promise<void> {
  const { runtime, scope } = ctx;
  requireRecentAuth(scope);
  await countMailRequest(ctx, { what: "change-email", email });
  const isFree = (await findUserByEmail(runtime.db, email)) === null;
  const { userId } = scope;
  const link = makeLink(runtime, { kind: "confirmEmail", userId, email }, isFree ? sql`true` : sql`false`);
  await runtime.writer.commit([
    deleteLinks(userId, ["confirmEmail"], sql`true`), // The newest counts.
    link.statement,
    auditAccount(ctx, { userId, action: "account.requestEmailChange" }),
  ]);
  if (isFree) link.deliver();
}

/** Opens a link from the new address, or from the old one to undo the change. Answers the address that counts from then on. */
export async function openEmailLink(ctx: Context, token: string): Promise<{ email: string }> {
  const link = await requireLink(ctx, token, ["confirmEmail", "undoEmail"]);
  if (link.userId === null) throw linkUsed();
  const owner = { ...link, userId: link.userId };
  await (link.kind === "confirmEmail" ? confirmEmail(ctx, owner) : undoEmail(ctx, owner));
  return { email: link.email };
}

type OwnedLink = LinkRow & { readonly userId: UserId };

async function confirmEmail(ctx: Context, link: OwnedLink): Promise<void> {
  const { runtime, account } = ctx;
  const { userId } = link;
  const old = await readAccount(runtime.db, userId);
  if (old === null) throw linkUsed();
  const undo = makeLink(runtime, { kind: "undoEmail", userId, email: old.email }, previousChanged);
  const unit = [...takeAddress(ctx, link), undo.statement];
  const action = "account.changeEmail";
  if (account?.userId === userId && ctx.sessionToken !== null) {
    const { sessionToken, sinceAuthMs, address } = ctx;
    const own = { ...ctx, scope: { ...account, sessionToken, sinceAuthMs, address } };
    await changeWithNewSession(own, { unit, action, endsOthers: true });
  } else {
    const before = [...unit, auditAccount(ctx, { userId, action }, previousChanged)];
    await endSessions(runtime, { userId, choice: "all", condition: previousChanged }, { before });
  }
  await requireTaken(runtime.db, link);
  await runtime.writer.commit([deleteLinks(userId, ["resetPassword"], sql`true`)]);
  undo.deliver();
}

/** Somebody else may have changed it, so everybody is out, and what was sent to the other address is void. */
async function undoEmail(ctx: Context, link: OwnedLink): Promise<void> {
  const { runtime } = ctx;
  const { userId } = link;
  const before = [
    ...takeAddress(ctx, link),
    auditAccount(ctx, { userId, action: "account.undoEmailChange" }, previousChanged),
  ];
  const after = [deleteLinks(userId, ["resetPassword", "confirmEmail", "undoEmail"], hasAddress(link))];
  await endSessions(runtime, { userId, choice: "all", condition: previousChanged }, { before, after });
  await requireTaken(runtime.db, link);
}

/** The account gets the link's address, unless somebody else has it by now. */
function takeAddress({ runtime }: Context, link: OwnedLink): Unit {
  const isFree = sql`not exists (select 1 from ${users} as other where other.email = ${link.email} and other."userId" <> ${link.userId})`;
  return [
    useLinkOnce(link, runtime.clock.nowMs()),
    sql`update ${users} set email = ${link.email} where ${eq(users.userId, link.userId)} and ${previousChanged} and ${isFree}`,
  ];
}

function hasAddress({ userId, email }: OwnedLink): SQL {
  return sql`exists (select 1 from ${users} where ${and(eq(users.userId, userId), eq(users.email, email))})`;
}

async function requireTaken(db: Database, { userId, email }: OwnedLink): Promise<void> {
  if ((await readAccount(db, userId))?.email !== email)
    throw new QuarterdeckError("CONFLICT", "This address cannot be used any more. Ask for a change to another one.");
}
