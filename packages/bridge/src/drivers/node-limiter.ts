import type { LimitEvidence } from "@quarterdeck/core/protocol/limit-evidence";
import { limitedResources, type KernelLimits, type LimitedResource } from "@quarterdeck/core/quota/kernel-limits";
import { nodeId, parentNode, type GroupNode } from "./group-node.ts";

type Found = Pick<LimitEvidence, "actual" | "state" | "source">;

/** Holds workspaces and projects to a limit that groups do not have: disk, bandwidth. */
export interface NodeLimiter {
  readonly resource: LimitedResource;
  /** Whether it is the kernel that holds them. */
  readonly isEnforced: boolean;
  apply(node: GroupNode, wanted: number | null): Promise<Found>;
  /** Throws QuarterdeckError when a limit that is only measured is reached, so that nothing more may start. */
  admit(node: GroupNode): Promise<void>;
  /** What a node uses, where something counts it anyway; null: nothing does. */
  used?(node: GroupNode): Promise<number | null>;
}

const unlimited: Found = { actual: null, state: "unsupported", source: "nothing here limits it" };
const maxSourceLength = 200;

export function limitEvidence(
  node: GroupNode,
  found: Omit<LimitEvidence, "node" | "atMs">,
  atMs: number,
): LimitEvidence {
  // The end of a path is the part that tells.
  return { node: nodeId(node), ...found, source: found.source.slice(-maxSourceLength), atMs };
}

interface OtherLimits {
  readonly limits: KernelLimits;
  readonly limiters: readonly NodeLimiter[];
  /** What groups limit already. */
  readonly limited: readonly LimitedResource[];
}

/** Applies the limits of a node that its group does not have, and says of the rest that nothing limits it. */
export async function applyOtherLimits(
  node: GroupNode,
  { limits, limiters, limited }: OtherLimits,
  nowMs: () => number,
): Promise<LimitEvidence[]> {
  const evidence: LimitEvidence[] = [];
  for (const resource of limitedResources) {
    if (limited.includes(resource)) continue;
    const wanted = limits[resource] ?? null;
    const limiter = limiters.find((each) => each.resource === resource);
    const found = limiter ? await limiter.apply(node, wanted) : unlimited;
    if (limiter || wanted !== null) evidence.push(limitEvidence(node, { resource, wanted, ...found }, nowMs()));
  }
  return evidence;
}

/** Throws QuarterdeckError when nothing more may start in a node, or in what it lies in. */
export async function admitRun(run: GroupNode, limiters: readonly NodeLimiter[]): Promise<void> {
  for (let node = parentNode(run); node; node = parentNode(node))
    for (const limiter of limiters) await limiter.admit(node);
}

/** Bytes of disk by the first limiter of it that counts. */
export async function countedUse(node: GroupNode, limiters: readonly NodeLimiter[]): Promise<number | null> {
  return (await limiters.find(({ resource }) => resource === "disk")?.used?.(node)) ?? null;
}
