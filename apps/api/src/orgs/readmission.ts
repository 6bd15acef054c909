import type { OrgId, UserId } from "@quarterdeck/core/ids";
import type { TenantScope } from "../auth/scope.ts";
import { previousChanged } from "../db/insert-when.ts";
import { enqueueForOrg } from "../outbox/repo.ts";
import type { Runtime } from "../runtime.ts";
import type { Statement } from "../writer.ts";

/**
 * The word to each server of the org that every member's connections end, for the unit that changes who is let in, and how:
 * they follow its last statement. Whoever may still comes back with a new ticket (PROTOCOL 6.7).
 */
export function endConnections(
  scope: TenantScope,
  { userIds, nowMs }: { userIds: readonly UserId[]; nowMs: number },
): Statement[] {
  return userIds.flatMap((userId) =>
    enqueueForOrg(scope, { entry: { kind: "revokeViewers", userId, atMs: nowMs }, nowMs }, previousChanged),
  );
}

/** The same for what is connected to this process; others notice within seconds. */
export function readmit(
  { rights }: Pick<Runtime, "rights">,
  orgId: OrgId,
  end: "changed" | "signedOut" = "changed",
): void {
  const isOfOrg = ({ caller }: { caller: TenantScope }) => caller.orgId === orgId;
  rights.forgetTickets(isOfOrg);
  rights.closeSockets(isOfOrg, end);
}
