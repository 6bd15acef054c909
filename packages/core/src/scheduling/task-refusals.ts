import { refuse, type Refused } from "../errors/result.ts";
import { findImpossible, isWithin, type QuotaNode, type QuotaTree } from "../quota/quota-tree.ts";
import type { BandRule } from "./bands.ts";
import type { WaitingTask } from "./scheduler.ts";

/** Beyond these a charge would be too small or too large to be counted. */
const leastWeight = 0.001;
const largestWeight = 1_000_000;

export function refuseWeight(nodeId: string, weight: number): Refused | undefined {
  if (weight >= leastWeight && weight <= largestWeight) return undefined;
  return refuse(
    "BAD_REQUEST",
    `the weight of ${nodeId} must be from ${leastWeight} to ${largestWeight}, not ${weight}`,
  );
}

export function refuseBand({ name, weight, loneOrgPart }: BandRule): Refused | undefined {
  return refuseWeight(name, weight) ?? refuseWeight(`${name} for a lone org`, weight * loneOrgPart);
}

export function refuseNumbers({ id, expectedMs, seq }: WaitingTask): Refused | undefined {
  if (!Number.isFinite(expectedMs) || expectedMs < 0) {
    return refuse("BAD_REQUEST", `the expected duration of ${id} must be at least 0 ms, not ${expectedMs}`);
  }
  if (!Number.isSafeInteger(seq)) return refuse("BAD_REQUEST", `the number of ${id} must be whole, not ${seq}`);
  return undefined;
}

export function refuseImpossible(
  { id, demand }: Pick<WaitingTask, "id" | "demand">,
  quota: QuotaNode,
): Refused | undefined {
  const impossible = findImpossible(quota, demand);
  if (impossible === undefined) return undefined;
  const { node, resource } = impossible;
  return refuse(
    "QUOTA_EXCEEDED",
    `${id} asks for ${demand[resource]} of resource ${resource}; the limit of ${node.id} is ${node.limit[resource]}`,
  );
}

/** Why a node cannot come below `parent`: the tree of shares has a number of levels, and its tasks are this server's. */
export function refusePlace(
  node: QuotaNode,
  parent: QuotaNode,
  { quotas, server, depth, hasTasks }: { quotas: QuotaTree; server: QuotaNode; depth: number; hasTasks: boolean },
): Refused | undefined {
  if (!isWithin(parent, server)) {
    if (!hasTasks) return undefined;
    return refuse("BAD_REQUEST", `${parent.id} is not on ${server.id}, where ${node.id} has tasks`);
  }
  const free = depth - levels(parent, server) - 1;
  for (const other of quotas.nodes()) {
    if (!isWithin(other, node) || levels(other, node) <= free) continue;
    return refuse("BAD_REQUEST", `some of ${node.id} would be more than ${depth} levels below ${server.id}`);
  }
  return undefined;
}

function levels(node: QuotaNode, above: QuotaNode): number {
  let count = 0;
  for (let up: QuotaNode | null = node; up !== null && up !== above; up = up.parent) count++;
  return count;
}
