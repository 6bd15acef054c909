import type { Verdict } from "@quarterdeck/core/protocol/result";
import type { ServerView, TaskView } from "../../api/views.ts";

/** What happened while the console was cut off. */
export interface Meanwhile {
  readonly finishedRuns: number;
  readonly failedRuns: number;
  readonly startedRuns: number;
  readonly wentOnline: readonly string[];
  readonly wentOffline: readonly string[];
}

const troubles: ReadonlySet<Verdict> = new Set(["failed", "timedOut", "refused", "interrupted", "indeterminate"]);

/**
 * Works out what happened between two moments from how things stand now. A server counts only when it is still in the
 * state that it changed to.
 */
export function meanwhile(
  now: { readonly tasks: readonly TaskView[]; readonly servers: readonly ServerView[] },
  { lostAtMs, backAtMs }: { readonly lostAtMs: number; readonly backAtMs: number },
): Meanwhile {
  const isBetween = (atMs: number | null) => atMs !== null && atMs >= lostAtMs && atMs <= backAtMs;
  const finished = now.tasks.filter((task) => isBetween(task.endedAtMs));
  const changed = now.servers.filter((server) => isBetween(server.statusSinceMs));
  return {
    finishedRuns: finished.length,
    failedRuns: finished.filter((task) => task.verdict !== null && troubles.has(task.verdict)).length,
    startedRuns: now.tasks.filter((task) => isBetween(task.startedAtMs) && task.endedAtMs === null).length,
    wentOnline: changed.filter((server) => server.status === "online").map((server) => server.name),
    wentOffline: changed.filter((server) => server.status === "offline").map((server) => server.name),
  };
}
