import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import type { ServerId, WorkspaceId } from "@quarterdeck/core/ids";
import { sql } from "drizzle-orm";
import { recordAudit } from "../audit/repo.ts";
import { rolesAt } from "../auth/rights.ts";
import type { OrgScope, TenantScope } from "../auth/scope.ts";
import { previousChanged } from "../db/insert-when.ts";
import { recordChange } from "../events/repo.ts";
import { whyNameTaken } from "../names/taken-names.ts";
import { notFound } from "../not-found.ts";
import { addQuotaNode } from "../quotas/counted-places.ts";
import { enqueueLimits, hasQuotas, serversOf } from "../quotas/repo.ts";
import type { Runtime } from "../runtime.ts";
import { requireUsableServer } from "../servers/service.ts";
import { planTask } from "../tasks/plan-task.ts";
import { findWorkspace, insertWorkspace, listWorkspaceRows, namedWorkspace } from "./repo.ts";
import type { WorkspaceView } from "./views.ts";

export async function listWorkspaces({ db }: Runtime, scope: OrgScope): Promise<WorkspaceView[]> {
  return (await listWorkspaceRows(db, scope)).map((workspace) => asSeen(scope, workspace));
}

export async function getWorkspace(
  runtime: Runtime,
  scope: OrgScope,
  workspaceId: WorkspaceId,
): Promise<WorkspaceView> {
  return asSeen(scope, await requireWorkspace(runtime, scope, workspaceId));
}

/** Who may see single projects of it only learns of no more. */
function asSeen(scope: OrgScope, workspace: WorkspaceView): WorkspaceView {
  const { workspaceId } = workspace;
  if (rolesAt(scope, { workspaceId, projectId: null }).length > 0) return workspace;
  return { ...workspace, projectCount: scope.grants.filter((grant) => grant.workspaceId === workspaceId).length };
}

export async function requireWorkspace(
  { db }: Pick<Runtime, "db">,
  scope: TenantScope,
  workspaceId: WorkspaceId,
): Promise<WorkspaceView> {
  const workspace = await findWorkspace(db, scope, workspaceId);
  if (workspace === null) throw notFound("workspace");
  return workspace;
}

/** Makes a workspace, and the task that makes its directory on the server. */
export async function createWorkspace(
  runtime: Runtime,
  scope: OrgScope,
  { name, serverId }: { name: string; serverId: ServerId },
): Promise<WorkspaceView> {
  const server = await requireUsableServer(runtime, scope, serverId);
  const workspaceId = runtime.makeId("workspace");
  const nowMs = runtime.clock.nowMs();
  const { orgId, userId, address } = scope;
  const [inserted] = await runtime.writer.commit([
    insertWorkspace(scope, { workspaceId, name, serverId, createdAtMs: nowMs }),
    addQuotaNode({ id: workspaceId, parentId: orgId }),
    ...(await planTask(
      runtime,
      scope,
      {
        taskId: runtime.makeId("task"),
        server,
        workspaceId,
        projectId: null,
        action: "workspace.create",
        params: {},
        secretInput: null,
        priority: "normal",
      },
      previousChanged,
    )),
    recordAudit(
      runtime,
      {
        orgId,
        actor: userId,
        address,
        action: "workspace.create",
        subject: workspaceId,
        outcome: "done",
        detail: name,
      },
      previousChanged,
    ),
    recordChange(scope, { kind: "workspace", id: workspaceId, atMs: nowMs }, previousChanged),
    ...enqueueLimits(
      scope,
      { which: serversOf(workspaceId), nowMs, factors: runtime.env.quotas.lifecycle },
      sql`changes() > 0 and ${hasQuotas(scope)}`,
    ),
  ]);
  if (inserted?.rowsChanged !== 1) {
    const taken = await whyNameTaken(runtime.db, namedWorkspace(scope, name), "workspace");
    throw taken ?? new QuarterdeckError("CONFLICT", "The workspace could not be made as things are now. Try again.");
  }
  runtime.nudgeOutbox();
  return requireWorkspace(runtime, scope, workspaceId);
}
