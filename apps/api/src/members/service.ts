import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import type { UserId } from "@quarterdeck/core/ids";
import { recordAudit } from "../audit/repo.ts";
import { takeRight, type LostRight } from "../auth/lost-right.ts";
import { isLowered, type Role } from "../auth/permissions.ts";
import type { RightInUse, SocketEnd } from "../auth/rights-in-use.ts";
import type { OrgScope } from "../auth/scope.ts";
import { previousChanged } from "../db/insert-when.ts";
import { recordChange } from "../events/repo.ts";
import { notFound } from "../not-found.ts";
import { leavePlace, memberPlace } from "../quotas/counted-places.ts";
import type { Runtime } from "../runtime.ts";
import type { Unit } from "../writer.ts";
import { changeRole, deleteMember, findMember, isNoMember } from "./repo.ts";
import type { MemberView } from "./views.ts";

/** Removes a member from the org: whatever the member has open ends, and what starts from then on is sealed with new keys. */
export async function removeMember(runtime: Runtime, scope: OrgScope, userId: UserId): Promise<void> {
  const { createdAtMs } = await requireMember(runtime, scope, userId);
  const { orgId, userId: actor, address } = scope;
  const audit = { actor, address, action: "member.remove", detail: null };
  const change = [deleteMember(scope, userId), orgChanged(runtime, scope)];
  const also = [leavePlace(memberPlace({ orgId, userId, createdAtMs }), isNoMember(scope, userId))];
  if (!(await takeRight(runtime, { orgId, userId, endsReading: true, audit, also }, change))) throw refusal();
  endWhatIsOpen(runtime, { orgId, userId }, "signedOut");
}

/** Gives a member another role. Where it is lower, what the member has open ends and comes back with what is left. */
export async function setRole(
  runtime: Runtime,
  scope: OrgScope,
  { userId, role }: { userId: UserId; role: Role },
): Promise<MemberView> {
  const { role: from } = await requireMember(runtime, scope, userId);
  if (from === role) return { userId, role };
  const { orgId, userId: actor, address } = scope;
  const audit = { actor, address, action: "member.setRole", detail: `from ${from} to ${role}` };
  const change = [changeRole(scope, { userId, from, to: role }), orgChanged(runtime, scope)];
  const take = isLowered(from, role) ? takeRight : giveRight;
  if (!(await take(runtime, { orgId, userId, endsReading: false, audit }, change))) throw refusal();
  endWhatIsOpen(runtime, { orgId, userId }, "changed");
  return { userId, role };
}

async function giveRight(runtime: Runtime, { orgId, userId, audit }: LostRight, change: Unit): Promise<boolean> {
  const [first] = await runtime.writer.commit([
    ...change,
    recordAudit(runtime, { orgId, subject: userId, outcome: "done", ...audit }, previousChanged),
  ]);
  return first?.rowsChanged === 1;
}

async function requireMember({ db }: Runtime, scope: OrgScope, userId: UserId) {
  const member = await findMember(db, scope, userId);
  if (member === null) throw notFound("member");
  return member;
}

function orgChanged({ clock }: Runtime, scope: OrgScope) {
  return recordChange(scope, { kind: "org", id: scope.orgId, atMs: clock.nowMs() }, previousChanged);
}

function refusal(): QuarterdeckError {
  return new QuarterdeckError(
    "CONFLICT",
    "Nothing was changed: this is the org's only owner, or somebody has just changed this member. Make another member an owner first, or try again.",
  );
}

function endWhatIsOpen({ rights }: Runtime, who: Pick<LostRight, "orgId" | "userId">, end: SocketEnd): void {
  const isTheirs = ({ caller }: RightInUse) => caller.orgId === who.orgId && caller.userId === who.userId;
  rights.forgetTickets(isTheirs);
  rights.closeSockets(isTheirs, end);
}
