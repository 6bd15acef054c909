import type { Command } from "@quarterdeck/core/protocol/command";
import { effectiveLimits, smallest } from "@quarterdeck/core/quota/effective-limits";
import type { KernelLimits } from "@quarterdeck/core/quota/kernel-limits";
import type { LifecycleFactors } from "@quarterdeck/core/quota/lifecycle";
import type { LimitedPlace } from "./read-place.ts";

/** Of an org's limits, those that a kernel can hold. */
const heldResources = ["cpu", "memory", "disk", "bandwidth", "io"] as const;

/** Processes and threads, where no other bound is known: far more than any build needs, and no bomb. */
const workspaceTasks = 4096;
const projectTasks = 2048;

/**
 * What a server's kernel shall hold a workspace and a project of it to. An org has no group on a server, so a workspace has no
 * more than its org; a project's group is inside its workspace's.
 */
export function kernelQuotaOf(
  { org, workspace, project }: LimitedPlace,
  factors: LifecycleFactors,
): NonNullable<Command["quota"]> {
  const ofWorkspace: KernelLimits = {
    cpu: smallest([workspace.cpu, org.cpu]),
    memory: smallest([workspace.memory, org.memory]),
    disk: smallest([workspace.disk, org.disk]),
    bandwidth: smallest([workspace.bandwidth, org.bandwidth]),
    io: smallest([workspace.io, org.io]),
    tasks: workspaceTasks,
  };
  if (project === null) return { workspace: ofWorkspace, project: null };
  const ofProject = effectiveLimits([...heldResources, "tasks"], {
    own: { ...project.limits, tasks: projectTasks },
    above: [ofWorkspace],
    factor: factors[project.lifecycle],
  });
  return { workspace: ofWorkspace, project: ofProject };
}
