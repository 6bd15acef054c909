import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import type { OrgId, UserId } from "@quarterdeck/core/ids";
import { eq, sql } from "drizzle-orm";
import { recordAudit } from "../audit/repo.ts";
import { takeRight } from "../auth/lost-right.ts";
import type { RightInUse } from "../auth/rights-in-use.ts";
import type { Account, AccountScope, Caller, OrgScope } from "../auth/scope.ts";
import { countAttempt } from "../auth/throttle.ts";
import { previousChanged } from "../db/insert-when.ts";
import { orgs } from "../db/schema.ts";
import { recordChange } from "../events/repo.ts";
import { notFound } from "../not-found.ts";
import { hashToken } from "../random-token.ts";
import type { Runtime } from "../runtime.ts";
import { activateOrg, insertOrg, listMemberships, listOrgMembers, transferOrg, type OrgMember } from "./repo.ts";
import type { MembershipsView, OrgView } from "./views.ts";

/** New orgs of one account in a quarter of an hour. */
const newOrgsAtOnce = 10;

export function toOrgView({ orgId, orgName, role, deleteAtMs, access }: Caller): OrgView {
  return { orgId, name: orgName, role, deleteAtMs, requiresMfa: access.requiresMfa };
}

/** The orgs of an account, and in which one its session works. */
export async function listOrgs(
  { db, env }: Runtime,
  { userId }: Account,
  active: Caller | null,
): Promise<MembershipsView> {
  const memberships = await listMemberships(db, userId);
  const owned = memberships.filter(({ role }) => role === "owner").length;
  return {
    orgs: memberships.map((org) => ({ ...org, isActive: org.orgId === active?.orgId })),
    mayCreate: owned < env.orgsPerAccount,
    most: env.orgsPerAccount,
  };
}

/** Makes an org that the account owns, and has the session work in it. It is on the plan of the org that it was made from. */
export async function createOrg(
  runtime: Runtime,
  { scope, active }: { scope: AccountScope; active: Caller | null },
  name: string,
): Promise<{ orgId: OrgId }> {
  const { userId, address, sessionToken } = scope;
  const { orgsPerAccount: most } = runtime.env;
  await countAttempt(runtime, [{ key: `new-org|${userId}`, most: newOrgsAtOnce }]);
  const orgId = runtime.makeId("org");
  const org = { orgId, name, plan: active?.plan ?? ("basic" as const), createdAtMs: runtime.clock.nowMs() };
  const [made] = await runtime.writer.commit([
    ...insertOrg(org, { userId, most }),
    recordAudit(
      runtime,
      { orgId, actor: userId, address, action: "org.create", subject: orgId, outcome: "done", detail: name },
      previousChanged,
    ),
    activateOrg({ tokenHash: hashToken(sessionToken), userId, orgId }),
  ]);
  if (made?.rowsChanged !== 1) {
    throw new QuarterdeckError(
      "QUOTA_EXCEEDED",
      `One account may own ${most} organization${most === 1 ? "" : "s"}. Hand one over, delete one, or ask the operator of this platform for more.`,
    );
  }
  leaveSockets(runtime, sessionToken);
  return { orgId };
}

/** Has the session work in another org of its user. What it has open comes back in that one. */
export async function switchOrg(
  runtime: Runtime,
  { userId, sessionToken }: AccountScope,
  orgId: OrgId,
): Promise<{ orgId: OrgId }> {
  const [switched] = await runtime.writer.commit([activateOrg({ tokenHash: hashToken(sessionToken), userId, orgId })]);
  if (switched?.rowsChanged !== 1) throw notFound("org");
  leaveSockets(runtime, sessionToken);
  return { orgId };
}

/** A socket belongs to the org in which it was opened. */
function leaveSockets({ rights }: Runtime, sessionToken: string): void {
  const tokenHash = hashToken(sessionToken);
  rights.closeSockets((right: RightInUse) => right.tokenHash === tokenHash, "changed");
}

export async function renameOrg(runtime: Runtime, scope: OrgScope, name: string): Promise<OrgView> {
  const { orgId, userId, address } = scope;
  await runtime.writer.commit([
    sql`update ${orgs} set name = ${name} where ${eq(orgs.orgId, orgId)}`,
    recordAudit(
      runtime,
      { orgId, actor: userId, address, action: "org.rename", subject: orgId, outcome: "done", detail: name },
      previousChanged,
    ),
    recordChange(scope, { kind: "org", id: orgId, atMs: runtime.clock.nowMs() }, previousChanged),
  ]);
  return { ...toOrgView(scope), name };
}

/** The members to whom an owner can hand the org over. */
export async function listSuccessors({ db }: Runtime, scope: OrgScope): Promise<OrgMember[]> {
  return (await listOrgMembers(db, scope)).filter(({ userId }) => userId !== scope.userId);
}

/** Makes another member an owner; the owner who does so becomes an admin, with what that still allows. */
export async function transferOwnership(runtime: Runtime, scope: OrgScope, userId: UserId): Promise<OrgView> {
  const { orgId, userId: actor, address } = scope;
  const [raised, lowered] = transferOrg(scope, { from: actor, to: userId });
  if (raised === undefined || lowered === undefined) throw new Error("a transfer has two sides");
  const audit = { actor, address, action: "org.transfer", detail: `to ${userId}` };
  const changed = recordChange(scope, { kind: "org", id: orgId, atMs: runtime.clock.nowMs() }, previousChanged);
  const isDone = await takeRight(runtime, { orgId, userId: actor, endsReading: false, audit }, [
    raised,
    lowered,
    changed,
  ]);
  if (!isDone) throw notFound("member");
  const isOne = ({ caller }: RightInUse) => caller.orgId === orgId && [actor, userId].includes(caller.userId);
  runtime.rights.forgetTickets(isOne);
  runtime.rights.closeSockets(isOne, "changed");
  return { ...toOrgView(scope), role: "admin" };
}
