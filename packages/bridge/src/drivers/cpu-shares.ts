import { nodeKey, parentNode, type GroupNode } from "./group-node.ts";
import type { Hierarchy } from "./hierarchy.ts";

type SharingHierarchy = Pick<Hierarchy, "nodes" | "cpuShare" | "setCpuShare">;

interface OpenRun {
  readonly node: GroupNode;
  readonly promisedCpu: number;
}

/**
 * Shares a busy processor as it was promised. Siblings in the kernel's tree share by weight, so a run's weight is what it was
 * promised, and that of each group around it is the sum of what is promised in it: a workspace with one large run would get as
 * much as one with one small run otherwise. What nobody uses others may have, up to their limits.
 */
export class CpuShares {
  readonly #hierarchy: SharingHierarchy;
  readonly #runs = new Map<string, OpenRun>();

  /** Runs that are there already keep what the kernel says of them. */
  constructor(hierarchy: SharingHierarchy) {
    this.#hierarchy = hierarchy;
    for (const node of hierarchy.nodes()) {
      const promisedCpu = node.runId === null ? null : hierarchy.cpuShare(node);
      if (promisedCpu !== null) this.#runs.set(nodeKey(node), { node, promisedCpu });
    }
  }

  /** A run's group is there. Cpu in millicores. */
  opened(node: GroupNode, promisedCpu: number): void {
    this.#runs.set(nodeKey(node), { node, promisedCpu });
    this.#hierarchy.setCpuShare(node, { total: promisedCpu, ofOwnRuns: promisedCpu });
    this.#setAbove(node);
  }

  /** A run's group is gone, or that of a workspace or project with all in it. */
  closed(node: GroupNode): void {
    for (const [key, { node: run }] of this.#runs) if (isWithin(run, node)) this.#runs.delete(key);
    this.#setAbove(node);
  }

  /** A group's other limits were set, which may have set its share back to the usual one. */
  renew(node: GroupNode): void {
    if (node.runId === null) this.#set(node);
  }

  #setAbove(node: GroupNode): void {
    for (let above = parentNode(node); above; above = parentNode(above)) this.#set(above);
  }

  #set(node: GroupNode): void {
    let [total, ofOwnRuns] = [0, 0];
    for (const { node: run, promisedCpu } of this.#runs.values()) {
      if (!isWithin(run, node)) continue;
      total += promisedCpu;
      if (run.projectId === node.projectId) ofOwnRuns += promisedCpu;
    }
    if (total > 0) this.#hierarchy.setCpuShare(node, { total, ofOwnRuns });
  }
}

function isWithin(run: GroupNode, { workspaceId, projectId, runId }: GroupNode): boolean {
  return (
    run.workspaceId === workspaceId &&
    (projectId === null || run.projectId === projectId) &&
    (runId === null || run.runId === runId)
  );
}
