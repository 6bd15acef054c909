import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import type { OrgId } from "@quarterdeck/core/ids";
import { recordAudit } from "../audit/repo.ts";
import type { OrgScope } from "../auth/scope.ts";
import { hasSecondFactor } from "../auth/second-factor.ts";
import { previousChanged } from "../db/insert-when.ts";
import { recordChange } from "../events/repo.ts";
import { recordOperatorAct } from "../operator/operator-audit.ts";
import type { Runtime } from "../runtime.ts";
import type { Unit } from "../writer.ts";
import { admitsAddress, type OrgAccess } from "./access.ts";
import { endConnections, readmit } from "./readmission.ts";
import { changeAccess, listOrgMembers, readAccess } from "./repo.ts";
import type { AccessView } from "./views.ts";

export function toAccessView({ access, address }: OrgScope): AccessView {
  return { addresses: [...access.addresses], requiresMfa: access.requiresMfa, yourAddress: address };
}

/** Says from where members may come in. Whoever would shut themselves out has to say that they mean it. */
export async function setAddresses(
  runtime: Runtime,
  scope: OrgScope,
  { addresses, shutsMeOut }: { addresses: readonly string[]; shutsMeOut: boolean },
): Promise<AccessView> {
  const to = { ...scope.access, addresses };
  if (!admitsAddress(to, scope.address) && !shutsMeOut) {
    throw new QuarterdeckError(
      "CONFLICT",
      `Your own address, ${scope.address}, is not in this list, so you would be shut out at once. Add it, or confirm that you want that.`,
    );
  }
  await setAccess(runtime, scope, to);
  return toAccessView({ ...scope, access: to });
}

/** Demands a second factor of every member, or does so no more. Who demands it must have one. */
export async function setMfaRequired(runtime: Runtime, scope: OrgScope, requiresMfa: boolean): Promise<AccessView> {
  if (requiresMfa && !(await hasSecondFactor(runtime.db, scope.userId))) {
    throw new QuarterdeckError(
      "MFA_REQUIRED",
      "You have no second factor yourself, so you would be shut out at once. Set one up in the settings of your account first.",
    );
  }
  const to = { ...scope.access, requiresMfa };
  await setAccess(runtime, scope, to);
  return toAccessView({ ...scope, access: to });
}

/** Lets members in from everywhere again: for an operator, where an org has shut itself out. */
export async function clearAddresses(runtime: Runtime, orgId: OrgId): Promise<boolean> {
  const from = await readAccess(runtime.db, { orgId });
  if (from === null) return false;
  const act = { action: "org.clearAllowList", subject: orgId, detail: null };
  const also = [recordOperatorAct(runtime, "command line", { act, condition: previousChanged })];
  const to = { ...from, addresses: [] };
  return writeAccess(runtime, { orgId, actor: "platform", address: null }, { from, to, also });
}

async function setAccess(runtime: Runtime, scope: OrgScope, to: OrgAccess): Promise<void> {
  const { orgId, userId: actor, address, access: from } = scope;
  if (await writeAccess(runtime, { orgId, actor, address }, { from, to: ordered(to) })) return;
  throw new QuarterdeckError("CONFLICT", "Somebody has just changed who may come in. Look at that, and try again.");
}

async function writeAccess(
  runtime: Runtime,
  { orgId, actor, address }: { orgId: OrgId; actor: string; address: string | null },
  { from, to, also = [] }: { from: OrgAccess; to: OrgAccess; also?: Unit },
): Promise<boolean> {
  const nowMs = runtime.clock.nowMs();
  const userIds = (await listOrgMembers(runtime.db, { orgId })).map(({ userId }) => userId);
  const entry = { orgId, actor, address, action: "org.setAccess", subject: orgId, outcome: "done" } as const;
  const [changed] = await runtime.writer.commit([
    changeAccess({ orgId }, { from, to }),
    recordAudit(runtime, { ...entry, detail: JSON.stringify(to) }, previousChanged),
    ...also,
    recordChange({ orgId }, { kind: "org", id: orgId, atMs: nowMs }, previousChanged),
    ...endConnections({ orgId }, { userIds, nowMs }),
  ]);
  if (changed?.rowsChanged !== 1) return false;
  runtime.nudgeOutbox();
  readmit(runtime, orgId);
  return true;
}

/** Its text is compared as a whole. */
function ordered({ addresses, requiresMfa }: OrgAccess): OrgAccess {
  return { addresses, requiresMfa };
}
