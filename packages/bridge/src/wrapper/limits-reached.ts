import { mebibyte } from "@quarterdeck/core/units";
import { readCounters, type GroupCounters } from "../drivers/group-counters.ts";
import type { RunGroup } from "../drivers/driver.ts";
import { groupDirectories } from "../drivers/group-files.ts";

/** What to tell people about limits that a run has met; `undefined` when it met none. */
export function explainLimits(counters: GroupCounters): { code: string; message: string } | undefined {
  const { oomKills, hasReachedMemoryLimit, memoryLimit, tasksRefused, tasksLimit } = counters;
  if (oomKills > 0 && hasReachedMemoryLimit && memoryLimit !== null)
    return {
      code: "OUT_OF_MEMORY",
      message: `It was stopped at its memory limit of ${Math.round(memoryLimit / mebibyte)} MiB. Give it a larger demand of memory, or let it use less.`,
    };
  if (oomKills > 0)
    return {
      code: "OUT_OF_MEMORY",
      message:
        "It was stopped because its project, workspace or server had no memory left. Run less at once, or raise the limit.",
    };
  if (tasksRefused > 0)
    return {
      code: "TASKS_LIMIT",
      message: `It was refused more processes ${tasksRefused} times: a run may have ${tasksLimit ?? "only some"} at once, and its project and workspace have limits too. Let it start fewer at once.`,
    };
  return undefined;
}

/** The limits that the processes of a group have met so far. */
export function limitsReached(group: RunGroup | null | undefined): { code: string; message: string } | undefined {
  const counters = group && readCounters(groupDirectories(group));
  return counters ? explainLimits(counters) : undefined;
}
