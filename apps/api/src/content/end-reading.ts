import type { UserId } from "@quarterdeck/core/ids";
import { recordAudit } from "../audit/repo.ts";
import type { OrgScope } from "../auth/scope.ts";
import { previousChanged } from "../db/insert-when.ts";
import type { Runtime } from "../runtime.ts";
import type { Statement } from "../writer.ts";
import { advanceEpoch } from "./stream-key-repo.ts";

/**
 * For whatever takes a member's right to read away: the statements belong behind the one that does, in its unit. What runs
 * start from then on is sealed with keys that the member never had.
 */
export function startNewEpoch(runtime: Runtime, { orgId, userId, address }: OrgScope): Statement[] {
  return [
    advanceEpoch({ orgId }),
    recordAudit(
      runtime,
      { orgId, actor: userId, address, action: "content.newEpoch", subject: orgId, outcome: "done", detail: null },
      previousChanged,
    ),
  ];
}

/** A member may read no more: begins a new epoch, and ends what that member watches at the relay. */
export async function endReading(runtime: Runtime, scope: OrgScope, formerMember: UserId): Promise<void> {
  await runtime.writer.commit(startNewEpoch(runtime, scope));
  runtime.viewerRevocations.revoke(scope, formerMember);
}
