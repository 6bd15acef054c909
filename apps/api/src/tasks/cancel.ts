import type { TaskId } from "@quarterdeck/core/ids";
import { recordAudit } from "../audit/repo.ts";
import type { OrgScope } from "../auth/scope.ts";
import { previousChanged } from "../db/insert-when.ts";
import { recordChange } from "../events/repo.ts";
import { enqueue } from "../outbox/repo.ts";
import type { Runtime } from "../runtime.ts";
import { askToCancel } from "./repo.ts";
import { requireTask, toTaskView } from "./service.ts";
import { signCancel } from "./sign-cancel.ts";
import type { TaskView } from "./views.ts";

/** Asks for the end of a task's run. Asking again, or when it has ended, changes nothing. */
export async function cancelTask(runtime: Runtime, scope: OrgScope, taskId: TaskId): Promise<TaskView> {
  const record = await requireTask(runtime, scope, taskId);
  const { runId, serverId, workspaceId, projectId, state, isCancelling } = record.view;
  if (state === "ended" || isCancelling) return toTaskView(runtime, record);
  const { orgId, userId, address } = scope;
  const nowMs = runtime.clock.nowMs();
  const { command, platformKey } = await signCancel(runtime, {
    runId,
    taskId,
    orgId,
    workspaceId,
    projectId,
    server: { serverId, keyFingerprint: record.keyFingerprint, sealingKey: record.sealingKey },
    nowMs,
  });
  await runtime.writer.commit([
    askToCancel(scope, { runId, platformKey, nowMs }),
    ...enqueue({ serverId, entry: { kind: "cancel", runId, ...command }, nowMs }, previousChanged),
    recordAudit(
      runtime,
      { orgId, actor: userId, address, action: "task.cancel", subject: taskId, outcome: "done", detail: null },
      previousChanged,
    ),
    recordChange(scope, { kind: "task", id: taskId, atMs: nowMs }, previousChanged),
  ]);
  runtime.nudgeOutbox();
  return toTaskView(runtime, await requireTask(runtime, scope, taskId));
}
