import { demandOf, takesDemand, type TaskDemand } from "@quarterdeck/core/actions/task-demand";
import type { ActionName } from "@quarterdeck/core/actions/catalogue";
import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import type { ProjectId, WorkspaceId } from "@quarterdeck/core/ids";
import type { LifecycleState } from "@quarterdeck/core/quota/lifecycle";
import type { OrgScope } from "../auth/scope.ts";
import { readPlace } from "../limits/read-place.ts";
import type { Runtime } from "../runtime.ts";
import type { Server } from "../servers/repo.ts";
import { findBrokenLimit } from "./broken-limit.ts";

interface Wish {
  readonly action: ActionName;
  readonly demand: TaskDemand | null;
  readonly workspace: { readonly workspaceId: WorkspaceId; readonly name: string };
  /** Null also for one that is only being made. */
  readonly project: {
    readonly projectId: ProjectId;
    readonly name: string;
    readonly lifecycle: LifecycleState;
  } | null;
  readonly server: Pick<Server, "name" | "capabilities">;
}

/** Refuses a demand that can never be met as limits and server are now, with the limit that it breaks. */
export async function checkDemand(
  { db, env }: Pick<Runtime, "db" | "env">,
  { orgId }: Pick<OrgScope, "orgId">,
  { action, demand: own, workspace, project, server }: Wish,
): Promise<void> {
  if (!takesDemand(action)) {
    if (own === null) return;
    throw new QuarterdeckError("BAD_REQUEST", `${action} reserves nothing, so it takes no demand. Leave it out.`);
  }
  const { workspaceId } = workspace;
  const place = { orgId, workspaceId, projectId: project?.projectId ?? null };
  const limits = await readPlace(db, place, project?.lifecycle ?? "active");
  const broken = findBrokenLimit(demandOf(action, own), {
    org: { limits: limits.org },
    workspace: { name: workspace.name, limits: limits.workspace },
    project: limits.project && {
      ...limits.project,
      name: project?.name ?? "",
      factor: env.quotas.lifecycle[limits.project.lifecycle],
    },
    server: { name: server.name, capacity: server.capabilities?.capacity ?? null },
  });
  if (broken !== null) throw new QuarterdeckError("QUOTA_EXCEEDED", broken);
}
