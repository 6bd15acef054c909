import { recordAudit, type AuditEntry } from "../audit/repo.ts";
import type { TenantScope } from "../auth/scope.ts";
import { previousChanged } from "../db/insert-when.ts";
import type { Runtime } from "../runtime.ts";
import type { Statement } from "../writer.ts";
import { advanceEpoch } from "./stream-key-repo.ts";

/**
 * For whatever takes a member's right to read away: the statements belong behind the one that does, in its unit, and follow
 * it. What runs start from then on is sealed with keys that the member never had.
 */
export function startNewEpoch(
  runtime: Runtime,
  { orgId }: TenantScope,
  { actor, address }: Pick<AuditEntry, "actor" | "address">,
): Statement[] {
  return [
    advanceEpoch({ orgId }, previousChanged),
    recordAudit(
      runtime,
      { orgId, actor, address, action: "content.newEpoch", subject: orgId, outcome: "done", detail: null },
      previousChanged,
    ),
  ];
}
