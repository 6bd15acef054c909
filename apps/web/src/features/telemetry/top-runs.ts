import type { WorkspaceId } from "@quarterdeck/core/ids";
import type { RunUsage } from "@quarterdeck/core/protocol/workspace-readings";
import { minuteMs } from "@quarterdeck/core/units";
import type { UsageHistory } from "./usage-history.ts";

const mostShown = 8;
/** What a workspace said longer before the newest reading is no news. */
const freshMs = minuteMs;

/** The runs that use most now, of these workspaces. */
export function topRunsOf(
  usage: UsageHistory,
  workspaceIds: ReadonlySet<WorkspaceId>,
): { readonly workspaceId: WorkspaceId; readonly run: RunUsage }[] {
  const newest = [...usage].flatMap(([workspaceId, readings]) => {
    const last = readings.at(-1);
    return last === undefined || !workspaceIds.has(workspaceId) ? [] : [last];
  });
  const nowMs = newest.reduce((latest, { atMs }) => Math.max(latest, atMs), 0);
  return newest
    .filter(({ atMs }) => atMs > nowMs - freshMs)
    .flatMap(({ workspaceId, topRuns }) => topRuns.map((run) => ({ workspaceId, run })))
    .toSorted((a, b) => b.run.cpu - a.run.cpu || b.run.memory - a.run.memory)
    .slice(0, mostShown);
}
