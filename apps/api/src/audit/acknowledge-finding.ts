import type { ServerId } from "@quarterdeck/core/ids";
import type { OrgScope } from "../auth/scope.ts";
import { previousChanged } from "../db/insert-when.ts";
import { recordChange } from "../events/repo.ts";
import type { Runtime } from "../runtime.ts";
import { recordAudit } from "./repo.ts";
import { setAcknowledged, type Finding } from "./witness-repo.ts";

/**
 * Takes the alert about the audit's past off a server's page: somebody has seen it. The evidence stays, and another finding
 * raises the alert again. A finding that is not the newest any more is not acknowledged: nobody has seen what is there now.
 */
export async function acknowledgeFinding(
  runtime: Runtime,
  scope: OrgScope,
  { serverId, seq, atMs }: Finding & { readonly serverId: ServerId },
): Promise<void> {
  const { orgId, userId, address } = scope;
  const nowMs = runtime.clock.nowMs();
  const detail = `entry ${seq}, found at ${new Date(atMs).toISOString()}`;
  await runtime.writer.commit([
    setAcknowledged({ serverId, orgId }, { seq, atMs }, nowMs),
    recordAudit(
      runtime,
      { orgId, actor: userId, address, action: "audit.acknowledge", subject: serverId, outcome: "done", detail },
      previousChanged,
    ),
    recordChange(scope, { kind: "server", id: serverId, atMs: nowMs }, previousChanged),
  ]);
}
