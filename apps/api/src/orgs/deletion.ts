import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import { sql } from "drizzle-orm";
import { recordAudit } from "../audit/repo.ts";
import type { OrgScope } from "../auth/scope.ts";
import { previousChanged } from "../db/insert-when.ts";
import { recordChange } from "../events/repo.ts";
import { enqueueLimits } from "../quotas/repo.ts";
import type { Runtime } from "../runtime.ts";
import type { Unit } from "../writer.ts";
import { graceMs } from "./closing.ts";
import { endConnections, readmit } from "./readmission.ts";
import { askDeletion, cancelDeletion, listOrgMembers } from "./repo.ts";
import { toOrgView } from "./service.ts";
import type { OrgView } from "./views.ts";

/**
 * Has an org deleted after a time of grace. Until then it can be read and kept; its servers are told that nothing more of it
 * starts, and what goes on may end.
 */
export async function requestDeletion(runtime: Runtime, scope: OrgScope, name: string): Promise<OrgView> {
  if (name !== scope.orgName) {
    throw new QuarterdeckError("BAD_REQUEST", `Write the name of the organization, ${scope.orgName}, to confirm.`);
  }
  const deleteAtMs = runtime.clock.nowMs() + graceMs;
  const isDone = await write(runtime, scope, {
    change: [askDeletion(scope, deleteAtMs)],
    action: "org.requestDeletion",
    detail: new Date(deleteAtMs).toISOString(),
  });
  if (!isDone) throw new QuarterdeckError("CONFLICT", `${scope.orgName} is going to be deleted already.`);
  return { ...toOrgView(scope), deleteAtMs };
}

/** Keeps an org that was to be deleted, as it is. */
export async function keepOrg(runtime: Runtime, scope: OrgScope): Promise<OrgView> {
  const change = [cancelDeletion(scope, runtime.clock.nowMs())];
  if (!(await write(runtime, scope, { change, action: "org.cancelDeletion", detail: null })))
    throw new QuarterdeckError("CONFLICT", `${scope.orgName} is not going to be deleted, or that has begun.`);
  return { ...toOrgView(scope), deleteAtMs: null };
}

async function write(
  runtime: Runtime,
  scope: OrgScope,
  { change, action, detail }: { change: Unit; action: string; detail: string | null },
): Promise<boolean> {
  const { orgId, userId: actor, address } = scope;
  const nowMs = runtime.clock.nowMs();
  const userIds = (await listOrgMembers(runtime.db, scope)).map(({ userId }) => userId);
  const entry = { orgId, actor, address, action, subject: orgId, outcome: "done", detail } as const;
  const told = { which: sql`true`, nowMs, factors: runtime.env.quotas.lifecycle };
  const [changed] = await runtime.writer.commit([
    ...change,
    recordAudit(runtime, entry, previousChanged),
    recordChange(scope, { kind: "org", id: orgId, atMs: nowMs }, previousChanged),
    ...enqueueLimits(scope, told, previousChanged),
    ...endConnections(scope, { userIds, nowMs }), // Who types into a run stops.
  ]);
  if (changed?.rowsChanged !== 1) return false;
  runtime.nudgeOutbox();
  runtime.nudgeRollouts();
  readmit(runtime, orgId);
  return true;
}
