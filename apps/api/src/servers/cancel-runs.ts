import type { ServerId } from "@quarterdeck/core/ids";
import { recordAudit } from "../audit/repo.ts";
import type { OrgScope } from "../auth/scope.ts";
import { previousChanged } from "../db/insert-when.ts";
import { recordChange } from "../events/repo.ts";
import { enqueue } from "../outbox/repo.ts";
import type { Runtime } from "../runtime.ts";
import { askToCancel } from "../tasks/repo.ts";
import { signCancel } from "../tasks/sign-cancel.ts";
import type { OpenRun } from "./cordon-repo.ts";
import type { Server } from "./repo.ts";

/**
 * Ends runs because of their server, each in a unit of its own and recorded in the audit of the run's org. What was cut off
 * is done by asking again: a run that was asked to end is not asked twice.
 */
export async function cancelRuns(
  runtime: Runtime,
  by: Pick<OrgScope, "orgId" | "userId" | "address">,
  {
    server,
    open,
    why,
  }: { server: Pick<Server, "serverId" | "keyFingerprint" | "sealingKey">; open: readonly OpenRun[]; why: string },
): Promise<void> {
  const serverId: ServerId = server.serverId;
  await Promise.all(
    open.map(async ({ runId, taskId, orgId, workspaceId, projectId }) => {
      const nowMs = runtime.clock.nowMs();
      const place = { runId, taskId, orgId, workspaceId, projectId };
      const { command, platformKey } = await signCancel(runtime, { ...place, server, nowMs });
      // Who did it and from where is nothing that another org is told.
      const actor =
        orgId === by.orgId ? { actor: by.userId, address: by.address } : { actor: "platform", address: null };
      await runtime.writer.commit([
        askToCancel({ orgId }, { runId, platformKey, nowMs }),
        ...enqueue({ serverId, entry: { kind: "cancel", runId, ...command }, nowMs }, previousChanged),
        recordAudit(
          runtime,
          { orgId, ...actor, action: "task.cancel", subject: taskId, outcome: "done", detail: why },
          previousChanged,
        ),
        recordChange({ orgId }, { kind: "task", id: taskId, atMs: nowMs }, previousChanged),
      ]);
    }),
  );
  if (open.length > 0) runtime.nudgeOutbox();
}
