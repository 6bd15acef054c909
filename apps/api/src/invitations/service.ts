import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import type { InvitationId } from "@quarterdeck/core/ids";
import { dayMs } from "@quarterdeck/core/units";
import { recordAudit, type AuditEntry } from "../audit/repo.ts";
import type { Role } from "../auth/permissions.ts";
import type { OrgScope } from "../auth/scope.ts";
import { countAttempt } from "../auth/throttle.ts";
import { previousChanged } from "../db/insert-when.ts";
import { recordChange } from "../events/repo.ts";
import { notFound } from "../not-found.ts";
import { hashToken, makeToken } from "../random-token.ts";
import type { Runtime } from "../runtime.ts";
import {
  findInvitation,
  insertInvitation,
  isMember,
  listInvitationRows,
  renewInvitation,
  revokeInvitationRow,
  type Invitation,
} from "./repo.ts";
import { sendInvitation } from "./send-invitation.ts";
import type { InvitationView, NewInvitationView } from "./views.ts";

export const defaultDays = 7;
export const mostDays = 30;

/** Mails that an org, or one of its members, has sent in a quarter of an hour. */
const sentAtOnce = { org: 100, member: 50 };

export async function listInvitations(runtime: Runtime, scope: OrgScope): Promise<InvitationView[]> {
  const nowMs = runtime.clock.nowMs();
  return (await listInvitationRows(runtime.db, scope)).map((invitation) => toView(invitation, nowMs));
}

/** Invites somebody, by mail where there is any; an open invitation to the same address ends. */
export async function invite(
  runtime: Runtime,
  scope: OrgScope,
  { email, role, days }: { email: string; role: Role; days: number },
): Promise<NewInvitationView> {
  checkRole(scope, role);
  await countSent(runtime, scope);
  if (await isMember(runtime.db, scope, email)) {
    throw new QuarterdeckError(
      "CONFLICT",
      `${email} is a member of ${scope.orgName} already. Change the role under Members.`,
    );
  }
  const invitationId = runtime.makeId("invitation");
  const token = makeToken("qd_invite");
  const createdAtMs = runtime.clock.nowMs();
  const expiresAtMs = createdAtMs + days * dayMs;
  const row = {
    invitationId,
    email,
    role,
    tokenHash: hashToken(token),
    invitedBy: scope.userId,
    createdAtMs,
    expiresAtMs,
  };
  const [, made] = await runtime.writer.commit([
    ...insertInvitation(scope, row),
    audit(runtime, scope, { action: "invitation.create", subject: invitationId, detail: `${email} as ${role}` }),
    changed(runtime, scope),
  ]);
  if (made?.rowsChanged !== 1) throw justChanged();
  return handOver(runtime, scope, { invitationId, token });
}

/** Sends an invitation again, with another link and as long a time as it had. */
export async function resendInvitation(
  runtime: Runtime,
  scope: OrgScope,
  invitationId: InvitationId,
): Promise<NewInvitationView> {
  const { role, createdAtMs, expiresAtMs } = await requireInvitation(runtime, scope, invitationId);
  checkRole(scope, role);
  await countSent(runtime, scope);
  const token = makeToken("qd_invite");
  const lifeMs = Math.min(expiresAtMs - createdAtMs, mostDays * dayMs);
  const renewal = { tokenHash: hashToken(token), expiresAtMs: runtime.clock.nowMs() + lifeMs, invitedBy: scope.userId };
  const [renewed] = await runtime.writer.commit([
    renewInvitation(scope, { invitationId, ...renewal }),
    audit(runtime, scope, { action: "invitation.resend", subject: invitationId, detail: null }),
    changed(runtime, scope),
  ]);
  if (renewed?.rowsChanged !== 1) throw decided();
  return handOver(runtime, scope, { invitationId, token });
}

/** Takes an invitation back. Taking it back again changes nothing. */
export async function revokeInvitation(
  runtime: Runtime,
  scope: OrgScope,
  invitationId: InvitationId,
): Promise<InvitationView> {
  const nowMs = runtime.clock.nowMs();
  const { role, acceptedAtMs } = await requireInvitation(runtime, scope, invitationId);
  checkRole(scope, role);
  if (acceptedAtMs !== null) throw decided();
  await runtime.writer.commit([
    revokeInvitationRow(scope, invitationId, nowMs),
    audit(runtime, scope, { action: "invitation.revoke", subject: invitationId, detail: null }),
    changed(runtime, scope),
  ]);
  return toView(await requireInvitation(runtime, scope, invitationId), nowMs);
}

async function handOver(
  runtime: Runtime,
  scope: OrgScope,
  { invitationId, token }: { invitationId: InvitationId; token: string },
): Promise<NewInvitationView> {
  const invitation = await requireInvitation(runtime, scope, invitationId);
  // A fragment is sent to no server and logged by none.
  const link = `${runtime.address.origin}/invitations/accept#token=${token}`;
  const mail = await sendInvitation(runtime, scope, { invitation, link });
  return { invitation: toView(invitation, runtime.clock.nowMs()), link, mail };
}

async function requireInvitation({ db }: Runtime, scope: OrgScope, invitationId: InvitationId): Promise<Invitation> {
  const invitation = await findInvitation(db, scope, invitationId);
  if (invitation === null) throw notFound("invitation");
  return invitation;
}

function checkRole({ role: own }: OrgScope, role: Role): void {
  if (role !== "owner" || own === "owner") return;
  throw new QuarterdeckError("FORBIDDEN", "Only an owner may invite another owner. Ask one, or choose another role.");
}

function countSent(runtime: Runtime, { orgId, userId }: OrgScope): Promise<void> {
  return countAttempt(runtime, [
    { key: `invite|${userId}`, most: sentAtOnce.member },
    { key: `invite|${orgId}`, most: sentAtOnce.org },
  ]);
}

function audit(
  runtime: Runtime,
  { orgId, userId, address }: OrgScope,
  what: Pick<AuditEntry, "action" | "subject" | "detail">,
) {
  return recordAudit(runtime, { orgId, actor: userId, address, outcome: "done", ...what }, previousChanged);
}

function changed({ clock }: Runtime, scope: OrgScope) {
  return recordChange(scope, { kind: "org", id: scope.orgId, atMs: clock.nowMs() }, previousChanged);
}

function justChanged(): QuarterdeckError {
  return new QuarterdeckError(
    "CONFLICT",
    "Nobody was invited: somebody has just changed who is in this organization. Look at that, and try again.",
  );
}

function decided(): QuarterdeckError {
  return new QuarterdeckError(
    "ALREADY_ENDED",
    "This invitation was accepted or taken back. Invite the person again if that is needed.",
  );
}

function toView(invitation: Invitation, nowMs: number): InvitationView {
  const { invitationId, email, role, invitedBy, createdAtMs, expiresAtMs, revokedAtMs, acceptedAtMs } = invitation;
  const isExpired = expiresAtMs <= nowMs;
  const undecided = isExpired ? "expired" : "open";
  const state = acceptedAtMs !== null ? "accepted" : revokedAtMs !== null ? "revoked" : undecided;
  return { invitationId, email, role, invitedBy, createdAtMs, expiresAtMs, state };
}
