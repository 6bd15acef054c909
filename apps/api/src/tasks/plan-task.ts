import { createHash } from "node:crypto";
import type { SecretInput } from "@quarterdeck/core/actions/secret-input";
import { sealTaskSecrets } from "../content/task-secrets.ts";
import type { SecretBox } from "../keys/secret-box.ts";
import { actions, type ActionName } from "@quarterdeck/core/actions/catalogue";
import type { TaskDemand } from "@quarterdeck/core/actions/task-demand";
import type { ProjectId, RunId, TaskId, WorkspaceId } from "@quarterdeck/core/ids";
import type { Priority } from "@quarterdeck/core/protocol/command";
import type { SQL } from "drizzle-orm";
import { recordAudit } from "../audit/repo.ts";
import type { OrgScope } from "../auth/scope.ts";
import { previousChanged } from "../db/insert-when.ts";
import { recordChange } from "../events/repo.ts";
import { enqueue } from "../outbox/repo.ts";
import type { Runtime } from "../runtime.ts";
import type { Server } from "../servers/repo.ts";
import type { Statement } from "../writer.ts";
import { insertRun, insertTask } from "./new-task.ts";
import { commandLife, signCommand } from "./sign-command.ts";
import type { TaskParams } from "./views.ts";

export interface TaskOrder {
  /** Tasks that must have succeeded before. */
  readonly after: readonly TaskId[];
  readonly isParallel: boolean;
  /** The runs of those that have not ended. */
  readonly openRuns: readonly RunId[];
}

const ordinaryOrder: TaskOrder = { after: [], isParallel: false, openRuns: [] };

export interface TaskPlan {
  readonly taskId: TaskId;
  readonly server: Pick<Server, "serverId" | "keyFingerprint" | "sealingKey">;
  readonly workspaceId: WorkspaceId;
  readonly projectId: ProjectId | null;
  readonly action: ActionName;
  readonly params: TaskParams;
  /** What only the server may read of it. */
  readonly secretInput: SecretInput | null;
  readonly priority: Priority;
  /** What it reserves instead of what its action does. */
  readonly demand?: TaskDemand | null;
  /** When it may start, besides its turn; without it, after the earlier tasks of its project. */
  readonly order?: TaskOrder;
  /** Whether it may go on while its server has no connection; without it, it may. */
  readonly isDetached?: boolean;
  /** The task that it repeats. */
  readonly rerunOf?: TaskId;
}

/**
 * The statements of a task's submission, to be written in one unit: task, signed command in the outbox, run, audit entry,
 * event. Each follows the one before; when the first changes nothing (the id is taken), none does.
 *
 * @param condition when the first statement may happen; null: unless its workspace is being restored
 */
export async function planTask(
  runtime: Runtime,
  scope: OrgScope,
  plan: TaskPlan,
  condition: SQL | null,
): Promise<Statement[]> {
  const { taskId, server, workspaceId, projectId, action, params, secretInput, priority, demand = null } = plan;
  const { after, isParallel, openRuns } = plan.order ?? ordinaryOrder;
  const { isDetached = true } = plan;
  const { orgId, userId, address } = scope;
  const nowMs = runtime.clock.nowMs();
  const runId = runtime.makeId("run");
  const commandId = runtime.makeId("command");
  const expiresAtMs = nowMs + commandLife.signatureMs;
  const { serverId, keyFingerprint, sealingKey } = server;
  const command = await signCommand(runtime, {
    commandId,
    runId,
    taskId,
    orgId,
    workspaceId,
    projectId,
    server: { serverId, keyFingerprint, sealingKey },
    action,
    params,
    secretInput,
    priority,
    demand,
    isDetached,
    nowMs,
    expiresAtMs,
  });
  const { effect, isRead } = actions[action];
  const order = openRuns.length > 0 || isParallel ? { order: { after: [...openRuns], isParallel } } : {};
  return [
    insertTask(
      scope,
      {
        taskId,
        workspaceId,
        projectId,
        serverId,
        action,
        effect,
        params,
        priority,
        secretInput: sealTaskSecrets(runtime.secrets, { orgId, taskId }, secretInput),
        bodyHash: hashBody(plan, runtime.secrets),
        isListed: !isRead && action !== "workspace.create",
        submittedBy: userId,
        submittedAtMs: nowMs,
        rerunOf: plan.rerunOf ?? null,
        after,
        isParallel,
        demand,
        isDetached,
      },
      condition,
    ),
    ...enqueue({ serverId, entry: { kind: "command", ...command, ...order }, nowMs }, previousChanged),
    insertRun(scope, { runId, taskId, serverId, commandId, expiresAtMs, keyFingerprint }),
    recordAudit(
      runtime,
      { orgId, actor: userId, address, action: "task.submit", subject: taskId, outcome: "done", detail: action },
      previousChanged,
    ),
    recordChange(scope, { kind: "task", id: taskId, atMs: nowMs }, previousChanged),
  ];
}

/** What makes two submissions of one id the same. */
export function hashBody(plan: TaskPlan, secrets: SecretBox): string {
  const { workspaceId, projectId, action, params, secretInput, priority, demand = null, isDetached = true } = plan;
  const { after, isParallel } = plan.order ?? ordinaryOrder;
  const input = secretInput === null ? null : secrets.hash(JSON.stringify(sortKeys(secretInput)));
  const how = [priority, after, isParallel, isDetached, sortKeys(demand)];
  const body = JSON.stringify([workspaceId, projectId, action, sortKeys(params), input, how]);
  return createHash("sha256").update(body).digest("base64url");
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== "object" || value === null) return value;
  const sorted = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return { fields: sorted.map(([key, inner]) => [key, sortKeys(inner)]) };
}
