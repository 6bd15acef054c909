import { demandOf, type TaskDemand } from "@quarterdeck/core/actions/task-demand";
import type { ActionName } from "@quarterdeck/core/actions/catalogue";
import type { OrgId, ProjectId, ServerId, WorkspaceId } from "@quarterdeck/core/ids";
import { noResources, resourceNames, type ResourceName, type Resources } from "@quarterdeck/core/quota/resources";
import type { QuotaLimits } from "@quarterdeck/core/quota/quota-resources";
import type { QuotaNodeId } from "./views.ts";

/** Runs of one kind that are on the way to their server or go on there. */
export interface RunsInUse {
  readonly orgId: OrgId;
  readonly serverId: ServerId;
  readonly workspaceId: WorkspaceId;
  readonly projectId: ProjectId | null;
  readonly action: string;
  readonly demand: TaskDemand | null;
  readonly count: number;
}

/** What runs reserve in a node, on each server where it has any. Only an org has more than one. */
export function inUseByServer(runs: readonly RunsInUse[], nodeId: QuotaNodeId): Resources[] {
  const byServer = new Map<ServerId, Resources>();
  for (const { orgId, serverId, workspaceId, projectId, action, demand, count } of runs) {
    if (![orgId, workspaceId, projectId].includes(nodeId)) continue;
    byServer.set(serverId, plus(byServer.get(serverId) ?? noResources, demandOf(action as ActionName, demand), count));
  }
  return [...byServer.values()];
}

export function total(amounts: readonly Resources[]): Resources {
  return amounts.reduce((sum, each) => plus(sum, each, 1), noResources);
}

/** How much more is in use than a limit, since that was lowered. A limit holds on each server by itself (PROTOCOL 8.5). */
export function overuse(inUse: readonly Resources[], limits: QuotaLimits): Partial<Record<ResourceName, number>> {
  const excess = resourceNames.map((name): [ResourceName, number] => {
    const limit = limits[name] ?? Number.POSITIVE_INFINITY;
    return [name, inUse.reduce((sum, each) => sum + Math.max(0, each[name] - limit), 0)];
  });
  return Object.fromEntries(excess.filter(([, amount]) => amount > 0));
}

function plus(a: Resources, b: Resources, times: number): Resources {
  return { cpu: a.cpu + b.cpu * times, memory: a.memory + b.memory * times, runs: a.runs + b.runs * times };
}
