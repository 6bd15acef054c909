import type { Command } from "@quarterdeck/core/protocol/command";
import type { KernelLimits } from "@quarterdeck/core/quota/kernel-limits";
import type { WorkspaceCommand } from "../actions/action-context.ts";
import type { GroupPath, RunLimits } from "../drivers/driver.ts";

/** A run may burst above what it reserves. */
const cpuBurst = 1.5;
const memoryBurst = 1.2;
const runTasks = 512;

/** What a run may use by itself, beside what its project and workspace leave it. */
export function runLimits({ demand }: Pick<Command, "demand">): RunLimits {
  return {
    cpu: Math.ceil(demand.cpu * cpuBurst),
    memoryHigh: demand.memory,
    memoryMax: Math.ceil(demand.memory * memoryBurst),
    tasks: runTasks,
  };
}

export function groupPath({ workspaceId, projectId }: WorkspaceCommand): GroupPath {
  return { workspaceId, projectId };
}

interface Quota {
  readonly workspace: KernelLimits;
  readonly project: KernelLimits | null;
}

/** The limits of the groups around a run that its command brings, outermost first. */
export function groupLimits(
  command: WorkspaceCommand & { readonly quota?: Quota | null },
): { readonly path: GroupPath; readonly limits: KernelLimits }[] {
  const { workspaceId, projectId, quota } = command;
  if (!quota) return [];
  const workspace = { path: { workspaceId, projectId: null }, limits: quota.workspace };
  return projectId === null || quota.project === null
    ? [workspace]
    : [workspace, { path: { workspaceId, projectId }, limits: quota.project }];
}
