import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import type { UserId } from "@quarterdeck/core/ids";
import type { SQL } from "drizzle-orm";
import { recordAudit } from "../audit/repo.ts";
import { takeRight, type LostRight } from "../auth/lost-right.ts";
import type { RightInUse, SocketEnd } from "../auth/rights-in-use.ts";
import { isLowered, losesReading, type Rights } from "../auth/rights.ts";
import type { OrgScope } from "../auth/scope.ts";
import { previousChanged } from "../db/insert-when.ts";
import { recordChange } from "../events/repo.ts";
import type { Runtime } from "../runtime.ts";
import type { Unit } from "../writer.ts";

interface RightsChange {
  readonly userId: UserId;
  readonly before: Rights;
  readonly after: Rights;
  readonly action: string;
  readonly detail: string;
  /** Changes a row, unless somebody changed it since it was read. */
  readonly change: SQL;
}

/** Gives a member other rights. What the member has open ends and comes back with what is left. */
export async function changeRights(
  runtime: Runtime,
  scope: OrgScope,
  { userId, before, after, action, detail, change }: RightsChange,
): Promise<void> {
  const { orgId, userId: actor, address } = scope;
  const audit = { actor, address, action, detail };
  const take = isLowered(before, after) ? takeRight : giveRight;
  const right = { orgId, userId, endsReading: losesReading(before, after), audit };
  if (!(await take(runtime, right, [change, orgChanged(runtime, scope)]))) throw notChanged();
  endWhatIsOpen(runtime, { orgId, userId }, "changed");
}

async function giveRight(runtime: Runtime, { orgId, userId, audit }: LostRight, change: Unit): Promise<boolean> {
  const [first] = await runtime.writer.commit([
    ...change,
    recordAudit(runtime, { orgId, subject: userId, outcome: "done", ...audit }, previousChanged),
  ]);
  return first?.rowsChanged === 1;
}

export function orgChanged({ clock }: Runtime, scope: OrgScope) {
  return recordChange(scope, { kind: "org", id: scope.orgId, atMs: clock.nowMs() }, previousChanged);
}

export function notChanged(): QuarterdeckError {
  return new QuarterdeckError(
    "CONFLICT",
    "Nothing was changed: this is the org's only owner, or somebody has just changed this member. Make another member an owner first, or try again.",
  );
}

export function endWhatIsOpen({ rights }: Runtime, who: Pick<LostRight, "orgId" | "userId">, end: SocketEnd): void {
  const isTheirs = ({ caller }: RightInUse) => caller.orgId === who.orgId && caller.userId === who.userId;
  rights.forgetTickets(isTheirs);
  rights.closeSockets(isTheirs, end);
}
