import type { RunId } from "@quarterdeck/core/ids";
import type { ViewerState } from "./viewer.ts";

/** What the bridge is told to send. */
export interface Interest {
  readonly telemetry: boolean;
  readonly runs: readonly { readonly runId: RunId; readonly fromOffset: number | null }[];
}

/** The most runs that may be watched at once on one server; an interest frame holds no more. */
export const maxWatchedRuns = 1024;

/**
 * Adds up what all viewers of a server watch.
 *
 * @param options.asked the runs to be sent again from the lowest place that a viewer has reached; `"all"` after a
 * (re)connection. The others go on where they are.
 * @param options.isKnownThere whether the bridge can have output of a run: one that still waits here is left out
 */
export function interestOf(
  viewers: Iterable<ViewerState>,
  options: { readonly asked: ReadonlySet<RunId> | "all"; readonly isKnownThere: (runId: RunId) => boolean },
): Interest {
  const lowest = new Map<RunId, number>();
  let telemetry = false;
  for (const viewer of viewers) {
    telemetry ||= viewer.isWatchingTelemetry;
    for (const watch of viewer.watches) {
      if (watch.state !== "live") continue;
      lowest.set(watch.runId, Math.min(watch.sentOffset, lowest.get(watch.runId) ?? watch.sentOffset));
    }
  }
  const runs = [...lowest]
    .filter(([runId]) => options.isKnownThere(runId))
    .slice(0, maxWatchedRuns)
    .map(([runId, offset]) => {
      const isAsked = options.asked === "all" || options.asked.has(runId);
      return { runId, fromOffset: isAsked ? offset : null };
    });
  return { telemetry, runs };
}

/** How many different runs are watched. */
export function countWatchedRuns(viewers: Iterable<ViewerState>): number {
  const runs = new Set<RunId>();
  for (const viewer of viewers) for (const watch of viewer.watches) runs.add(watch.runId);
  return runs.size;
}
