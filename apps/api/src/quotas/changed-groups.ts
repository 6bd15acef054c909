import type { ProjectId, WorkspaceId } from "@quarterdeck/core/ids";
import { areSameLimits, type KernelLimits } from "@quarterdeck/core/quota/kernel-limits";
import { quotaResources } from "@quarterdeck/core/quota/quota-resources";
import { kernelQuotaOf } from "../limits/kernel-quota.ts";
import type { ChangedGroup } from "../limits/limit-commands.ts";
import { ancestorsOf, byId, kindOf, type QuotaNodes } from "./quota-view.ts";
import type { QuotaNode } from "./repo.ts";

/** The workspaces and projects that a server's kernel is to hold to something else after a change of the tree than before. */
export function changedGroups(before: readonly QuotaNode[], after: readonly QuotaNode[]): ChangedGroup[] {
  const [known, now] = [byId(before), byId(after)];
  return after.flatMap((node): ChangedGroup[] => {
    const was = known.get(node.id);
    const is = groupOf(now, node);
    if (was === undefined || is === null) return [];
    const old = groupOf(known, was);
    return old !== null && areSameLimits(ownLimits(old), ownLimits(is)) ? [] : [is];
  });
}

/** A node as a server's kernel sees it; null for an org. */
export function groupOf(nodes: QuotaNodes, node: QuotaNode): ChangedGroup | null {
  const [org, parent] = ancestorsOf(nodes, node);
  if (org === undefined) return null;
  const isProject = kindOf(node.id) === "project";
  const workspace = isProject ? parent : node;
  if (workspace === undefined) return null;
  const quota = kernelQuotaOf({
    org: quotaResources.amounts(org.limit),
    workspace: quotaResources.amounts(workspace.limit),
    project: isProject ? { limits: quotaResources.amounts(node.limit), lifecycle: node.lifecycle ?? "active" } : null,
  });
  return {
    workspaceId: workspace.id as WorkspaceId,
    projectId: isProject ? (node.id as ProjectId) : null,
    quota,
  };
}

/** What the group itself is held to. */
export function ownLimits({ quota }: ChangedGroup): KernelLimits {
  return quota.project ?? quota.workspace;
}
