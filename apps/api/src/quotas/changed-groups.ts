import type { ProjectId, WorkspaceId } from "@quarterdeck/core/ids";
import { areSameLimits, type KernelLimits } from "@quarterdeck/core/quota/kernel-limits";
import type { LifecycleFactors } from "@quarterdeck/core/quota/lifecycle";
import { quotaResources } from "@quarterdeck/core/quota/quota-resources";
import { kernelQuotaOf } from "../limits/kernel-quota.ts";
import type { ChangedGroup } from "../limits/limit-commands.ts";
import { ancestorsOf, byId, kindOf, type QuotaNodes } from "./quota-view.ts";
import type { QuotaNode } from "./repo.ts";

/** The workspaces and projects that a server's kernel is to hold to something else after a change of the tree than before. */
export function changedGroups(
  before: readonly QuotaNode[],
  after: readonly QuotaNode[],
  factors: LifecycleFactors,
): ChangedGroup[] {
  const [known, now] = [byId(before), byId(after)];
  return after.flatMap((node): ChangedGroup[] => {
    const was = known.get(node.id);
    const is = groupOf(now, node, factors);
    if (was === undefined || is === null) return [];
    const old = groupOf(known, was, factors);
    return old !== null && areSameLimits(ownLimits(old), ownLimits(is)) ? [] : [is];
  });
}

/** A node as a server's kernel sees it; null for an org. */
export function groupOf(nodes: QuotaNodes, node: QuotaNode, factors: LifecycleFactors): ChangedGroup | null {
  const [org, parent] = ancestorsOf(nodes, node);
  if (org === undefined) return null;
  const isProject = kindOf(node.id) === "project";
  const workspace = isProject ? parent : node;
  if (workspace === undefined) return null;
  const place = {
    org: quotaResources.amounts(org.limit),
    workspace: quotaResources.amounts(workspace.limit),
    project: isProject ? { limits: quotaResources.amounts(node.limit), lifecycle: node.lifecycle ?? "active" } : null,
  };
  return {
    workspaceId: workspace.id as WorkspaceId,
    projectId: isProject ? (node.id as ProjectId) : null,
    quota: kernelQuotaOf(place, factors),
  };
}

/** What the group itself is held to. */
export function ownLimits({ quota }: ChangedGroup): KernelLimits {
  return quota.project ?? quota.workspace;
}
