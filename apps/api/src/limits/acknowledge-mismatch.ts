import type { ServerId } from "@quarterdeck/core/ids";
import { recordAudit } from "../audit/repo.ts";
import type { OrgScope } from "../auth/scope.ts";
import { previousChanged } from "../db/insert-when.ts";
import { recordChange } from "../events/repo.ts";
import type { Runtime } from "../runtime.ts";
import { setMismatchSeen } from "./evidence-repo.ts";

/**
 * Takes the alert about limits off a server's page: somebody has seen it. What the kernel holds is shown with the quota all the
 * same, and another finding raises the alert again. One that is not the newest any more is not acknowledged.
 */
export async function acknowledgeMismatch(
  runtime: Runtime,
  scope: OrgScope,
  { serverId, atMs }: { readonly serverId: ServerId; readonly atMs: number },
): Promise<void> {
  const { orgId, userId, address } = scope;
  const detail = `found at ${new Date(atMs).toISOString()}`;
  await runtime.writer.commit([
    setMismatchSeen({ serverId, orgId }, atMs),
    recordAudit(
      runtime,
      { orgId, actor: userId, address, action: "limits.acknowledge", subject: serverId, outcome: "done", detail },
      previousChanged,
    ),
    recordChange(scope, { kind: "server", id: serverId, atMs: runtime.clock.nowMs() }, previousChanged),
  ]);
}
