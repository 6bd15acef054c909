import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import { sql } from "drizzle-orm";
import { recordAudit } from "../audit/repo.ts";
import type { Context } from "../context.ts";
import { insertWhen, previousChanged } from "../db/insert-when.ts";
import { members, orgs } from "../db/schema.ts";
import { addQuotaNode, keepPlace, memberPlace, takePlace } from "../quotas/counted-places.ts";
import { isSignUpOpen } from "../settings/sign-up.ts";
import { auditAccount } from "./account-audit.ts";
import { makeLink } from "./links/make-link.ts";
import { alreadyAccount } from "./links/mail-texts.ts";
import { useLinkOnce } from "./links/repo.ts";
import { linkUsed, requireLink } from "./links/require-link.ts";
import { newAccount } from "./new-account.ts";
import { findUserByEmail } from "./repo.ts";
import { countMailRequest } from "./reset-password.ts";
import { startSession } from "./start-session.ts";
import type { SignedInView } from "./views.ts";

/** Sends a link to make an account with, where the operator lets everybody. An address that has one is told so by mail only. */
export async function requestSignUp(ctx: Context, email: string): Promise<void> {
  const { runtime } = ctx;
  await countMailRequest(ctx, { what: "sign-up", email });
  await requireOpen(ctx);
  const isNew = (await findUserByEmail(runtime.db, email)) === null;
  const link = makeLink(runtime, { kind: "signUp", userId: null, email }, isNew ? sql`true` : sql`false`);
  await runtime.writer.commit([link.statement, auditAccount(ctx, { userId: null, action: "account.requestSignUp" })]);
  if (isNew) link.deliver();
  else runtime.mailer?.send({ to: email, ...alreadyAccount });
}

interface SignUp {
  readonly token: string;
  readonly password: string;
  readonly orgName: string;
}

/** Makes an account and an org of its own, with a link that proves the address. */
export async function signUp(ctx: Context, { token, password, orgName }: SignUp): Promise<SignedInView> {
  const { runtime, address } = ctx;
  const link = await requireLink(ctx, token, ["signUp"]);
  await requireOpen(ctx);
  const nowMs = runtime.clock.nowMs();
  const { userId, statements } = await newAccount(
    runtime,
    { email: link.email, factor: { password } },
    previousChanged,
  );
  const orgId = runtime.makeId("org");
  const place = memberPlace({ orgId, userId, createdAtMs: nowMs });
  const org = { orgId, name: orgName, createdAtMs: nowMs, claimedAtMs: nowMs, plan: "basic" } as const;
  const outcomes = await runtime.writer.commit([
    useLinkOnce(link, nowMs),
    ...statements,
    insertWhen(orgs, org, previousChanged),
    addQuotaNode({ id: orgId, parentId: null }),
    insertWhen(members, { orgId, userId, role: "owner", createdAtMs: nowMs }, previousChanged),
    takePlace(place, previousChanged),
    keepPlace(place),
    recordAudit(
      runtime,
      { orgId, actor: userId, address, action: "org.create", subject: orgId, outcome: "done", detail: null },
      previousChanged,
    ),
  ]);
  if (outcomes[0]?.rowsChanged !== 1) throw linkUsed();
  if (outcomes.at(-1)?.rowsChanged !== 1)
    throw new QuarterdeckError("CONFLICT", "This address has an account by now. Sign in instead.");
  return startSession(ctx, userId);
}

async function requireOpen({ runtime }: Context): Promise<void> {
  if (await isSignUpOpen(runtime)) return;
  throw new QuarterdeckError("FORBIDDEN", "New accounts are by invitation here. Ask somebody who is in to invite you.");
}
