import type { Command } from "@quarterdeck/core/protocol/command";
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
