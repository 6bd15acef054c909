import type { WorkspaceId } from "@quarterdeck/core/ids";
import { givenToChildren } from "@quarterdeck/core/quota/allocation";
import { effectiveLimits } from "@quarterdeck/core/quota/effective-limits";
import { lifecycleStates, type LifecycleFactor, type LifecycleState } from "@quarterdeck/core/quota/lifecycle";
import { overdraft } from "@quarterdeck/core/quota/ledger/quota-ledger";
import {
  quotaResourceNames,
  quotaResources,
  type QuotaLimits,
  type QuotaResource,
} from "@quarterdeck/core/quota/quota-resources";
import { mayAt } from "../auth/rights.ts";
import type { OrgScope } from "../auth/scope.ts";
import type { Env } from "../env.ts";
import { notFound } from "../not-found.ts";
import { inUseByServer, overuse, total, type RunsInUse } from "./in-use.ts";
import type { QuotaNode } from "./repo.ts";
import {
  countedResources,
  type CountedResource,
  type NodeQuota,
  type QuotaNodeId,
  type QuotaNodeKind,
  type QuotaNodeView,
  type QuotaView,
} from "./views.ts";

/** What only makes sense higher up. */
export const unlimitable: Readonly<Record<QuotaNodeKind, readonly QuotaResource[]>> = {
  org: [],
  workspace: ["members", "servers"],
  project: ["members", "servers", "projects"],
};

export function requireNode(tree: readonly QuotaNode[], nodeId: QuotaNodeId): QuotaNode {
  const node = tree.find(({ id }) => id === nodeId);
  if (node === undefined) throw notFound("quota");
  return node;
}

export function kindOf(nodeId: QuotaNodeId): QuotaNodeKind {
  if (nodeId.startsWith("org_")) return "org";
  return nodeId.startsWith("ws_") ? "workspace" : "project";
}

export function quotaOf({ limit, isOvercommitted, weight, lifecycle }: QuotaNode): NodeQuota {
  const quota = { limits: quotaResources.amounts(limit), isOvercommitted, weight };
  return lifecycle === null ? quota : { ...quota, lifecycle };
}

export type QuotaNodes = ReadonlyMap<QuotaNodeId, QuotaNode>;

export function byId(tree: readonly QuotaNode[]): QuotaNodes {
  return new Map(tree.map((node) => [node.id, node]));
}

/** What is above a node, from the org down. */
export function ancestorsOf(nodes: QuotaNodes, { parentId }: QuotaNode): QuotaNode[] {
  const parent = parentId === null ? undefined : nodes.get(parentId);
  return parent === undefined ? [] : [...ancestorsOf(nodes, parent), parent];
}

export function toQuotaView(
  tree: readonly QuotaNode[],
  node: QuotaNode,
  { scope, env, runs }: { scope: OrgScope; env: Pick<Env, "requestsPerMinute" | "quotas">; runs: readonly RunsInUse[] },
): QuotaView {
  const above = ancestorsOf(byId(tree), node);
  const view = toNodeView(node);
  const inUse = inUseByServer(runs, node.id);
  const limits = node.lifecycle === null ? view.limits : inState(node, above, env.quotas.lifecycle[node.lifecycle]);
  const leftIn = (state: LifecycleState, factor: LifecycleFactor) => ({
    state,
    factor,
    limits: inState(node, above, factor),
  });
  return {
    ...view,
    inUse: total(inUse),
    overdraft: { ...view.overdraft, ...overuse(inUse, limits) },
    parentId: node.parentId,
    given: quotaResources.amounts(givenToChildren(tree).get(node.id) ?? node.held),
    children: tree.filter(({ parentId }) => parentId === node.id).map(toNodeView),
    path: above.map(({ id, name }) => ({ nodeId: id, name })),
    states: node.lifecycle === null ? [] : lifecycleStates.map((state) => leftIn(state, env.quotas.lifecycle[state])),
    plan: kindOf(node.id) === "org" ? { name: scope.plan, requestsPerMinute: env.requestsPerMinute[scope.plan] } : null,
    mayChange: mayAt(scope, "quotas.manage", {
      workspaceId: kindOf(node.id) === "project" ? (node.parentId as WorkspaceId) : null,
      projectId: null,
    }),
  };
}

function inState(node: QuotaNode, above: readonly QuotaNode[], factor: LifecycleFactor): QuotaLimits {
  const limits = effectiveLimits(
    quotaResourceNames.filter((name) => !unlimitable.project.includes(name)),
    {
      own: quotaResources.amounts(node.limit),
      above: above.map(({ limit }) => quotaResources.amounts(limit)),
      factor,
    },
  );
  return Object.fromEntries(Object.entries(limits).filter(([, limit]) => limit !== null));
}

function toNodeView(node: QuotaNode): QuotaNodeView {
  const { id, name, held } = node;
  return {
    nodeId: id,
    kind: kindOf(id),
    name,
    ...quotaOf(node),
    counts: countsOf(held, kindOf(id)),
    overdraft: Object.fromEntries(
      Object.entries(countsOf(overdraft(node), kindOf(id))).filter(([, excess]) => excess > 0),
    ),
  };
}

/** The numbers of what the platform itself counts, where that can be. */
function countsOf(amounts: Float64Array, kind: QuotaNodeKind): Partial<Record<CountedResource, number>> {
  const named = countedResources.filter((name) => !unlimitable[kind].includes(name));
  return Object.fromEntries(named.map((name) => [name, amounts[quotaResourceNames.indexOf(name)] ?? 0]));
}
