import type { WorkspaceId } from "@quarterdeck/core/ids";
import type { ProjectKey, WorkspaceReading } from "@quarterdeck/core/protocol/workspace-readings";
import { minuteMs } from "@quarterdeck/core/units";
import type { CountedBytes } from "./network-rates.ts";
import { usePointOf, type UsePoint } from "./use-columns.ts";

/** The readings of each workspace, oldest first. */
export type UsageHistory = ReadonlyMap<WorkspaceId, readonly WorkspaceReading[]>;

export const noUsage: UsageHistory = new Map();

/** Longer than what is shown live; what is older the platform keeps. */
const keptMs = 7 * minuteMs;

/** Adds readings in the order of time; what is known already changes nothing. */
export function addUsage(history: UsageHistory, added: readonly WorkspaceReading[]): UsageHistory {
  const next = new Map(history);
  for (const [workspaceId, fresh] of Map.groupBy(added, (reading) => reading.workspaceId)) {
    const all = new Map([...(history.get(workspaceId) ?? []), ...fresh].map((reading) => [reading.atMs, reading]));
    const inOrder = [...all.values()].toSorted((a, b) => a.atMs - b.atMs);
    const newestMs = inOrder.at(-1)?.atMs ?? 0;
    next.set(
      workspaceId,
      inOrder.filter(({ atMs }) => atMs >= newestMs - keptMs),
    );
  }
  return next;
}

/** What a workspace, or one of its projects, used. A project that is not in a reading has nothing there. */
export function usePoints(readings: readonly WorkspaceReading[], project: ProjectKey | null): UsePoint[] {
  let before: CountedBytes | null = null;
  const points: UsePoint[] = [];
  for (const reading of readings) {
    const usage = project === null ? reading : reading.projects.find((one) => one.project === project);
    if (usage === undefined) {
      before = null;
      continue;
    }
    points.push(usePointOf(reading.atMs, usage, before));
    before = usage.network && { ...usage.network, atMs: reading.atMs };
  }
  return points;
}
