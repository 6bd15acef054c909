import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import type { WorkspaceId } from "@quarterdeck/core/ids";
import { recordAudit } from "../audit/repo.ts";
import type { OrgScope } from "../auth/scope.ts";
import { previousChanged } from "../db/insert-when.ts";
import { recordChange } from "../events/repo.ts";
import type { Runtime } from "../runtime.ts";
import type { Server } from "../servers/repo.ts";
import { requireUsableServer } from "../servers/service.ts";
import { planTask } from "../tasks/plan-task.ts";
import { nothingUnderWay, type FreezeAction } from "./frozen.ts";
import { requireWorkspace } from "./service.ts";
import type { WorkspaceView } from "./views.ts";

/**
 * Has the server halt every process of a workspace, or let them go on. Asking for what is so already is no error: the
 * server keeps a freeze until it is thawed, also when it is started anew.
 */
export async function setFrozen(
  runtime: Runtime,
  scope: OrgScope,
  { workspaceId, action }: { readonly workspaceId: WorkspaceId; readonly action: FreezeAction },
): Promise<WorkspaceView> {
  const { name, serverId } = await requireWorkspace(runtime, scope, workspaceId);
  const server = await requireUsableServer(runtime, scope, serverId);
  checkAble(server, action);
  const { orgId, userId, address } = scope;
  const taskId = runtime.makeId("task");
  const plan = {
    taskId,
    server,
    workspaceId,
    projectId: null,
    action,
    params: {},
    secretInput: null,
    priority: "urgent",
  } as const;
  const [submitted] = await runtime.writer.commit([
    ...(await planTask(runtime, scope, plan, nothingUnderWay(workspaceId))),
    recordAudit(
      runtime,
      { orgId, actor: userId, address, action, subject: workspaceId, outcome: "done", detail: taskId },
      previousChanged,
    ),
    recordChange(scope, { kind: "workspace", id: workspaceId, atMs: runtime.clock.nowMs() }, previousChanged),
  ]);
  if (submitted?.rowsChanged !== 1)
    throw new QuarterdeckError(
      "CONFLICT",
      `${name} is being frozen or thawed already. Wait until that has ended, or cancel its task.`,
    );
  runtime.nudgeOutbox();
  return requireWorkspace(runtime, scope, workspaceId);
}

/** What the bridge would refuse, refused here with the reason, as far as the server has said what it can do. */
function checkAble({ name, capabilities }: Server, action: FreezeAction): void {
  if (capabilities === null) return;
  if (!capabilities.actions.includes(action))
    throw new QuarterdeckError(
      "COMMAND_UNSUPPORTED",
      `The bridge on ${name} (version ${capabilities.bridgeVersion}) cannot do ${action}, or the owner of the server forbids it. Update the bridge on the server's page.`,
    );
  if (action === "workspace.freeze" && capabilities.driver === "process")
    throw new QuarterdeckError(
      "LIMITS_UNAVAILABLE",
      `Nothing can be frozen on ${name}, because its bridge can make no control groups. Run quarterdeck-bridge doctor there: it says why.`,
    );
}
