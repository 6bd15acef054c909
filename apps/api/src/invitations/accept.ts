import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import type { OrgId, UserId } from "@quarterdeck/core/ids";
import { sql } from "drizzle-orm";
import { recordAudit } from "../audit/repo.ts";
import type { SignedInView } from "../auth/views.ts";
import type { AccountScope } from "../auth/scope.ts";
import { startSession } from "../auth/start-session.ts";
import { countAttempt } from "../auth/throttle.ts";
import type { Context } from "../context.ts";
import { previousChanged } from "../db/insert-when.ts";
import { recordChange } from "../events/repo.ts";
import { activateOrg } from "../orgs/repo.ts";
import { keepPlace, memberPlace, takePlace, whyNoPlace } from "../quotas/counted-places.ts";
import { hashToken } from "../random-token.ts";
import { addressKey } from "../rates/address-key.ts";
import type { Runtime } from "../runtime.ts";
import type { Unit } from "../writer.ts";
import { newAccount } from "../auth/new-account.ts";
import { acceptInvitation, findByToken, isAcceptable, isMember, isNewcomer, type OfferedInvitation } from "./repo.ts";
import type { InvitationOffer } from "./views.ts";

/** Links that are tried from one address in a quarter of an hour. */
const triesPerAddress = 60;

/** What a link offers, for whoever holds it. */
export async function readOffer({ runtime, address }: Context, token: string): Promise<InvitationOffer> {
  const { orgName, email, role, invitedBy, expiresAtMs, hasAccount } = await requireOffer(runtime, { token, address });
  return { orgName, email, role, invitedBy, expiresAtMs, hasAccount };
}

/** Makes the member whom a link invites of the account that is signed in, and has its session work in that org. */
export async function accept(
  { runtime }: Context,
  { userId, email, address, sessionToken }: AccountScope,
  token: string,
): Promise<{ orgId: OrgId }> {
  const offer = await requireOffer(runtime, { token, address });
  if (email !== offer.email) {
    throw new QuarterdeckError(
      "FORBIDDEN",
      `This invitation is for ${offer.email}, and you are signed in as ${email}. Sign out, and open the link again.`,
    );
  }
  await join(runtime, { offer, token, userId, address, account: [] });
  const { orgId } = offer;
  await runtime.writer.commit([activateOrg({ tokenHash: hashToken(sessionToken), userId, orgId })]);
  runtime.rights.closeSockets((right) => right.tokenHash === hashToken(sessionToken), "changed");
  return { orgId };
}

/** Makes an account for who holds the link, which was sent to its address, and the member. */
export async function acceptAsNew(
  ctx: Context,
  { token, password }: { token: string; password: string },
): Promise<SignedInView> {
  const { runtime, address } = ctx;
  const offer = await requireOffer(runtime, { token, address });
  const { email } = offer;
  if (offer.hasAccount) throw accountExists(email);
  const { userId, statements } = await newAccount(runtime, { email, factor: { password } }, previousChanged);
  await join(runtime, { offer, token, userId, address, account: statements });
  return startSession(ctx, userId);
}

interface Joining {
  readonly offer: OfferedInvitation;
  readonly token: string;
  readonly userId: UserId;
  readonly address: string;
  /** What makes the account, where there is none; it follows the statement before. */
  readonly account: Unit;
}

/** One unit: a place among the members, the account, the member, the invitation. Where there is no place, none of it is made. */
async function join(runtime: Runtime, { offer, token, userId, address, account }: Joining): Promise<void> {
  const { orgId, invitationId, role } = offer;
  const tokenHash = hashToken(token);
  const nowMs = runtime.clock.nowMs();
  const place = memberPlace({ orgId, userId, createdAtMs: nowMs });
  const needsAccount = account.length > 0;
  const entry = { orgId, actor: userId, address, subject: userId, outcome: "done", detail: null } as const;
  const outcomes = await runtime.writer.commit([
    takePlace(place, sql`${isAcceptable(tokenHash, nowMs)} and ${isNewcomer(offer, needsAccount)}`),
    ...account,
    ...acceptInvitation(offer, { tokenHash, userId, nowMs }),
    recordAudit(
      runtime,
      { ...entry, action: "invitation.accept", detail: `${invitationId} as ${role}` },
      previousChanged,
    ),
    recordChange({ orgId }, { kind: "org", id: orgId, atMs: nowMs }, previousChanged),
    keepPlace(place),
  ]);
  if (outcomes[1 + account.length]?.rowsChanged === 1) return;
  const { hasAccount } = await requireOffer(runtime, { token, address });
  if (needsAccount && hasAccount) throw accountExists(offer.email);
  if (await isMember(runtime.db, offer, offer.email)) {
    throw new QuarterdeckError("CONFLICT", `You are a member of ${offer.orgName} already.`);
  }
  const full = await whyNoPlace(runtime, { orgId }, place);
  throw full ?? new QuarterdeckError("CONFLICT", "The invitation could not be accepted as things are now. Try again.");
}

function accountExists(email: string): QuarterdeckError {
  return new QuarterdeckError("CONFLICT", `There is an account with ${email}. Sign in to it, and open the link again.`);
}

/** The invitation of a link that is good now. Every try counts, so that links cannot be guessed. */
async function requireOffer(
  runtime: Runtime,
  { token, address }: { token: string; address: string },
): Promise<OfferedInvitation> {
  await countAttempt(runtime, [{ key: `invitation|${addressKey(address)}`, most: triesPerAddress }]);
  const offer = await findByToken(runtime.db, hashToken(token));
  if (offer === null || offer.revokedAtMs !== null || !offer.isBacked || offer.deleteAtMs !== null) {
    throw new QuarterdeckError(
      "TOKEN_INVALID",
      "This invitation is not valid: it was taken back, or replaced by a newer one. Ask who invited you for another.",
    );
  }
  if (offer.acceptedAtMs !== null) {
    throw new QuarterdeckError("TOKEN_USED", "This invitation has been accepted already. Sign in instead.");
  }
  if (offer.expiresAtMs <= runtime.clock.nowMs()) {
    throw new QuarterdeckError("TOKEN_EXPIRED", "This invitation has expired. Ask who invited you for another.");
  }
  return offer;
}
