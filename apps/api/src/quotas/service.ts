import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import { findOverallocation, givenToChildren } from "@quarterdeck/core/quota/allocation";
import { isSameVector, noLimit } from "@quarterdeck/core/quota/amounts";
import { overdraft } from "@quarterdeck/core/quota/ledger/quota-ledger";
import {
  quotaResourceNames,
  quotaResources,
  type QuotaChange,
  type QuotaResource,
} from "@quarterdeck/core/quota/quota-resources";
import { recordAudit } from "../audit/repo.ts";
import type { OrgScope } from "../auth/scope.ts";
import { previousChanged } from "../db/insert-when.ts";
import { recordChange } from "../events/repo.ts";
import { notFound } from "../not-found.ts";
import type { Runtime } from "../runtime.ts";
import { toPart } from "../db/ready-statement.ts";
import type { Statement, Unit } from "../writer.ts";
import { planLedger } from "./plan-ledger.ts";
import {
  enqueueLimits,
  insertHistory,
  listHistory,
  readNewestChange,
  readQuotaTree,
  serversOf,
  writeOvercommit,
  writeWeight,
  type QuotaNode,
} from "./repo.ts";
import {
  countedResources,
  type CountedResource,
  type NodeQuota,
  type QuotaHistoryEntry,
  type QuotaNodeId,
  type QuotaNodeKind,
  type QuotaNodeView,
  type QuotaView,
} from "./views.ts";

/** How often a change is decided anew because somebody else changed something meanwhile. */
const attempts = 5;

/** What only makes sense higher up. */
const unlimitable: Readonly<Record<QuotaNodeKind, readonly QuotaResource[]>> = {
  org: [],
  workspace: ["members", "servers"],
  project: ["members", "servers", "projects"],
};

export async function getQuota({ db }: Runtime, scope: OrgScope, nodeId: QuotaNodeId): Promise<QuotaView> {
  const tree = await readQuotaTree(db, scope);
  return toView(tree, requireNode(tree, nodeId));
}

/** Sets limits of a node; null takes one away. Below what there is now is legal: nothing is removed, nothing more comes. */
export function setLimits(
  runtime: Runtime,
  scope: OrgScope,
  { nodeId, limits }: { nodeId: QuotaNodeId; limits: QuotaChange },
): Promise<QuotaView> {
  const refused = unlimitable[kindOf(nodeId)].find((name) => limits[name] !== undefined);
  if (refused !== undefined) {
    throw new QuarterdeckError("BAD_REQUEST", `A ${kindOf(nodeId)} has no limit of ${refused}. Set it higher up.`);
  }
  return change(runtime, scope, {
    nodeId,
    decide: (node) => ({
      ...node,
      limit: node.limit.map((amount, i) => {
        const asked = limits[quotaResourceNames[i] as QuotaResource];
        return asked === undefined ? amount : (asked ?? noLimit);
      }),
    }),
  });
}

/** Lets a node give its children more in all than it has, or not any more. */
export function setOvercommit(
  runtime: Runtime,
  scope: OrgScope,
  { nodeId, isOvercommitted }: { nodeId: QuotaNodeId; isOvercommitted: boolean },
): Promise<QuotaView> {
  return change(runtime, scope, { nodeId, decide: (node) => ({ ...node, isOvercommitted }) });
}

/** Sets what a node gets beside its siblings on each server when all want more than is there. What runs goes on. */
export function setWeight(
  runtime: Runtime,
  scope: OrgScope,
  { nodeId, weight }: { nodeId: QuotaNodeId; weight: number },
): Promise<QuotaView> {
  return change(runtime, scope, { nodeId, decide: (node) => ({ ...node, weight }) });
}

export async function readHistory(
  { db }: Runtime,
  scope: OrgScope,
  asked: { nodeId: QuotaNodeId; before: number; limit: number },
): Promise<QuotaHistoryEntry[]> {
  requireNode(await readQuotaTree(db, scope), asked.nodeId);
  return listHistory(db, scope, asked);
}

/** Decides on what it read, and writes only if nobody changed anything since; then it decides again. */
async function change(
  runtime: Runtime,
  scope: OrgScope,
  { nodeId, decide }: { nodeId: QuotaNodeId; decide: (node: QuotaNode) => QuotaNode },
): Promise<QuotaView> {
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const newestChange = await readNewestChange(runtime.db, scope);
    const tree = await readQuotaTree(runtime.db, scope);
    const before = requireNode(tree, nodeId);
    const after = decide(before);
    const action = actionOf(before, after);
    if (action === null) return toView(tree, before);
    checkAllocation(
      tree.map((node) => (node === before ? after : node)),
      nodeId,
    );
    const [recorded] = await runtime.writer.commit(unitOf(runtime, scope, { before, after, action, newestChange }));
    if (recorded?.rowsChanged !== 1) continue;
    if (isToldServers(action)) runtime.nudgeOutbox();
    return getQuota(runtime, scope, nodeId);
  }
  throw new QuarterdeckError("CONFLICT", "Somebody else changes the quotas of this org just now. Try again.");
}

type QuotaAction = "quota.set" | "quota.setOvercommit" | "quota.setWeight";

/** What changes a node so, as the audit calls it; null: nothing changes. */
function actionOf(before: QuotaNode, after: QuotaNode): QuotaAction | null {
  if (!isSameVector(before.limit, after.limit)) return "quota.set";
  if (before.isOvercommitted !== after.isOvercommitted) return "quota.setOvercommit";
  return before.weight === after.weight ? null : "quota.setWeight";
}

/** What is given to whom is the platform's to know; limits and weights are for the servers. */
function isToldServers(action: QuotaAction): boolean {
  return action !== "quota.setOvercommit";
}

function writeQuota(
  scope: OrgScope,
  action: QuotaAction,
  { id: nodeId, limit, isOvercommitted, weight }: QuotaNode,
): Statement {
  switch (action) {
    case "quota.set":
      return planLedger.statements.setLimit(nodeId, limit, toPart(previousChanged));
    case "quota.setOvercommit":
      return writeOvercommit(scope, { nodeId, isOvercommitted }, previousChanged);
    case "quota.setWeight":
      return writeWeight(scope, { nodeId, weight }, previousChanged);
  }
}

interface QuotaDecision {
  readonly before: QuotaNode;
  readonly after: QuotaNode;
  readonly action: QuotaAction;
  readonly newestChange: number;
}

function unitOf(runtime: Runtime, scope: OrgScope, { before, after, action, newestChange }: QuotaDecision): Unit {
  const { orgId, userId, address } = scope;
  const nowMs = runtime.clock.nowMs();
  const { id: nodeId } = after;
  const [was, is] = [quotaOf(before), quotaOf(after)];
  return [
    insertHistory(scope, { nodeId, actor: userId, atMs: nowMs, before: was, after: is }, { newestChange }),
    writeQuota(scope, action, after),
    recordAudit(
      runtime,
      {
        orgId,
        actor: userId,
        address,
        action,
        subject: nodeId,
        outcome: "done",
        detail: JSON.stringify(is),
      },
      previousChanged,
    ),
    recordChange(scope, { kind: kindOf(nodeId), id: nodeId, atMs: nowMs }, previousChanged),
    ...(isToldServers(action) ? enqueueLimits(scope, { which: serversOf(nodeId), nowMs }, previousChanged) : []),
  ];
}

function checkAllocation(tree: readonly QuotaNode[], nodeId: QuotaNodeId): void {
  const found = findOverallocation(tree, nodeId);
  if (!found) return;
  const name = tree.find(({ id }) => id === found.nodeId)?.name ?? found.nodeId;
  const resource = quotaResourceNames[found.resource];
  throw new QuarterdeckError(
    "QUOTA_EXCEEDED",
    `What is in ${name} would be given ${found.given} ${resource} in all, and ${name} has ${found.limit}. Give less, raise the limit of ${name}, or allow it to be overcommitted.`,
  );
}

function requireNode(tree: readonly QuotaNode[], nodeId: QuotaNodeId): QuotaNode {
  const node = tree.find(({ id }) => id === nodeId);
  if (node === undefined) throw notFound("quota");
  return node;
}

function kindOf(nodeId: QuotaNodeId): QuotaNodeKind {
  if (nodeId.startsWith("org_")) return "org";
  return nodeId.startsWith("ws_") ? "workspace" : "project";
}

function quotaOf({ limit, isOvercommitted, weight }: QuotaNode): NodeQuota {
  return { limits: quotaResources.amounts(limit), isOvercommitted, weight };
}

function toView(tree: readonly QuotaNode[], node: QuotaNode): QuotaView {
  return {
    ...toNodeView(node),
    parentId: node.parentId,
    given: quotaResources.amounts(givenToChildren(tree).get(node.id) ?? node.held),
    children: tree.filter(({ parentId }) => parentId === node.id).map(toNodeView),
  };
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
