import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import { noLimit } from "@quarterdeck/core/quota/amounts";
import type { LifecycleState } from "@quarterdeck/core/quota/lifecycle";
import {
  quotaResourceNames,
  quotaResources,
  type QuotaChange,
  type QuotaResource,
} from "@quarterdeck/core/quota/quota-resources";
import type { ProjectId } from "@quarterdeck/core/ids";
import { isDeepStrictEqual } from "node:util";
import type { OrgScope } from "../auth/scope.ts";
import { listEvidence, listEvidenceHistory } from "../limits/evidence-repo.ts";
import { readLimitingServer } from "../limits/server-of-node.ts";
import type { EvidenceHistoryEntry, NodeEvidenceView } from "../limits/views.ts";
import { notFound } from "../not-found.ts";
import type { Runtime } from "../runtime.ts";
import { changeQuota } from "./change-quota.ts";
import { groupOf, ownLimits } from "./changed-groups.ts";
import { byId, kindOf, quotaOf, requireNode, toQuotaView, unlimitable } from "./quota-view.ts";
import { findHistory, listHistory, listRunsInUse, readQuotaTree, type QuotaNode } from "./repo.ts";
import type { NodeQuota, PresetView, QuotaHistoryEntry, QuotaNodeId, QuotaView } from "./views.ts";

interface Paged {
  readonly nodeId: QuotaNodeId;
  readonly before: number;
  readonly limit: number;
}

export async function getQuota({ db, env }: Runtime, scope: OrgScope, nodeId: QuotaNodeId): Promise<QuotaView> {
  const tree = await readQuotaTree(db, scope);
  const node = requireNode(tree, nodeId);
  return toQuotaView(tree, node, { scope, env, runs: await listRunsInUse(db, scope) });
}

/** The quotas that there are by name. */
export function listPresets({ env }: Pick<Runtime, "env">): PresetView[] {
  return Object.entries(env.quotas.presets).map(([name, { services: _services, ...limits }]) => ({ name, ...limits }));
}

/**
 * Sets limits of a node, null takes one away, and its weight in the same change. Below what there is now is legal: nothing is
 * removed, nothing more comes.
 */
export async function setLimits(
  runtime: Runtime,
  scope: OrgScope,
  { nodeId, limits, weight }: { nodeId: QuotaNodeId; limits: QuotaChange; weight?: number | undefined },
): Promise<QuotaView> {
  const refused = unlimitable[kindOf(nodeId)].find((name) => limits[name] !== undefined);
  if (refused !== undefined) {
    throw new QuarterdeckError("BAD_REQUEST", `A ${kindOf(nodeId)} has no limit of ${refused}. Set it higher up.`);
  }
  await changeQuota(runtime, scope, {
    nodeId,
    decide: (node) => ({
      ...node,
      weight: weight ?? node.weight,
      limit: node.limit.map((amount, i) => {
        const asked = limits[quotaResourceNames[i] as QuotaResource];
        return asked === undefined ? amount : (asked ?? noLimit);
      }),
    }),
  });
  return getQuota(runtime, scope, nodeId);
}

/** Lets a node give its children more in all than it has, or not any more. */
export async function setOvercommit(
  runtime: Runtime,
  scope: OrgScope,
  { nodeId, isOvercommitted }: { nodeId: QuotaNodeId; isOvercommitted: boolean },
): Promise<QuotaView> {
  await changeQuota(runtime, scope, { nodeId, decide: (node) => ({ ...node, isOvercommitted }) });
  return getQuota(runtime, scope, nodeId);
}

/** Sets what a node gets beside its siblings on each server when all want more than is there. What runs goes on. */
export async function setWeight(
  runtime: Runtime,
  scope: OrgScope,
  { nodeId, weight }: { nodeId: QuotaNodeId; weight: number },
): Promise<QuotaView> {
  await changeQuota(runtime, scope, { nodeId, decide: (node) => ({ ...node, weight }) });
  return getQuota(runtime, scope, nodeId);
}

/** Puts a project into another state of its life, which scales what it may use. */
export async function setLifecycle(
  runtime: Runtime,
  scope: OrgScope,
  { projectId, state }: { projectId: ProjectId; state: LifecycleState },
): Promise<QuotaView> {
  await changeQuota(runtime, scope, { nodeId: projectId, decide: (node) => ({ ...node, lifecycle: state }) });
  return getQuota(runtime, scope, projectId);
}

/** Takes the newest change of a node back; what was changed since is not lost by it. */
export async function undoChange(
  runtime: Runtime,
  scope: OrgScope,
  { nodeId, historyId }: { nodeId: QuotaNodeId; historyId: number },
): Promise<QuotaView> {
  requireNode(await readQuotaTree(runtime.db, scope), nodeId);
  const entry = await findHistory(runtime.db, scope, { nodeId, historyId });
  if (entry === null) throw notFound("change");
  await changeQuota(runtime, scope, {
    nodeId,
    decide(node) {
      if (isDeepStrictEqual(quotaOf(node), entry.after)) return withQuota(node, entry.before);
      throw new QuarterdeckError(
        "CONFLICT",
        `The quota of ${node.name} was changed again since. Take back the newer change first.`,
      );
    },
  });
  return getQuota(runtime, scope, nodeId);
}

function withQuota(node: QuotaNode, { limits, isOvercommitted, weight, lifecycle }: NodeQuota): QuotaNode {
  const read = quotaResources.limits(limits);
  if (!read.ok) throw new Error(`the history holds no limits: ${read.error.message}`);
  return { ...node, limit: read.value, isOvercommitted, weight, lifecycle: lifecycle ?? node.lifecycle };
}

export async function readHistory({ db }: Runtime, scope: OrgScope, asked: Paged): Promise<QuotaHistoryEntry[]> {
  requireNode(await readQuotaTree(db, scope), asked.nodeId);
  return listHistory(db, scope, asked);
}

/** What the kernel of its server holds a node to, beside what it shall. */
export async function readEvidence(
  { db, env }: Runtime,
  scope: OrgScope,
  nodeId: QuotaNodeId,
): Promise<NodeEvidenceView> {
  const tree = await readQuotaTree(db, scope);
  const group = groupOf(byId(tree), requireNode(tree, nodeId), env.quotas.lifecycle);
  if (group === null) return { wanted: null, isTold: null, limited: null, items: [] };
  const { workspaceId, projectId } = group;
  const items = await listEvidence(db, scope, projectId ?? workspaceId);
  return { wanted: ownLimits(group), ...(await readLimitingServer(db, scope, workspaceId)), items };
}

export async function readEvidenceHistory(
  { db, env }: Runtime,
  scope: OrgScope,
  { nodeId, ...page }: Paged,
): Promise<EvidenceHistoryEntry[]> {
  const tree = await readQuotaTree(db, scope);
  const group = groupOf(byId(tree), requireNode(tree, nodeId), env.quotas.lifecycle);
  return group === null
    ? []
    : listEvidenceHistory(db, scope, { nodeId: group.projectId ?? group.workspaceId, ...page });
}
