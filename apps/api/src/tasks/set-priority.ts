import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import type { TaskId } from "@quarterdeck/core/ids";
import type { Priority } from "@quarterdeck/core/protocol/command";
import { recordAudit } from "../audit/repo.ts";
import type { OrgScope } from "../auth/scope.ts";
import { previousChanged } from "../db/insert-when.ts";
import { recordChange } from "../events/repo.ts";
import { enqueue } from "../outbox/repo.ts";
import type { Runtime } from "../runtime.ts";
import { writePriority } from "./repo.ts";
import { requireTask, toTaskView } from "./service.ts";
import type { TaskView } from "./views.ts";

/** Puts a waiting task into another band of its server's queue. The same again changes nothing. */
export async function setPriority(
  runtime: Runtime,
  scope: OrgScope,
  { taskId, priority }: { readonly taskId: TaskId; readonly priority: Priority },
): Promise<TaskView> {
  const record = await requireTask(runtime, scope, taskId);
  const { runId, serverId, priority: before } = record.view;
  const { orgId, userId, address } = scope;
  const nowMs = runtime.clock.nowMs();
  const detail = `${before} → ${priority}`;
  const [written] = await runtime.writer.commit([
    writePriority(scope, { taskId, before, after: priority }),
    ...enqueue({ serverId, entry: { kind: "priority", runId, priority }, nowMs }, previousChanged),
    recordAudit(
      runtime,
      { orgId, actor: userId, address, action: "task.setPriority", subject: taskId, outcome: "done", detail },
      previousChanged,
    ),
    recordChange(scope, { kind: "task", id: taskId, atMs: nowMs }, previousChanged),
  ]);
  runtime.nudgeOutbox();
  // Written where it still waited with the priority that was read, so nothing else of it is decided by that.
  if (written?.rowsChanged === 1) return toTaskView(runtime, { ...record, view: { ...record.view, priority } });
  const now = await requireTask(runtime, scope, taskId);
  if (now.view.priority === priority) return toTaskView(runtime, now);
  throw new QuarterdeckError(
    "CONFLICT",
    now.view.state === "queued" && !now.view.isCancelling
      ? "Somebody else changed its priority just now. Look at it again."
      : "It does not wait any more, so its priority decides nothing. Cancel it, or submit it again with another priority.",
  );
}
