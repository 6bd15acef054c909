import type { Command } from "@quarterdeck/core/protocol/command";
import type { GroupPath } from "../drivers/driver.ts";

export type NetworkMode = Command["network"]["mode"];

/** What runs of a project, or those of a workspace without a project, may reach. */
export interface Reach {
  /** What the newest was started with. */
  readonly mode: NetworkMode;
  /** Until then at the latest one goes on that may reach everything; null: there was none. */
  readonly allUntilMs: number | null;
}

/** What goes on in a place after another run was started in it. */
export function reachAfter(
  before: Reach | null,
  started: { readonly mode: NetworkMode; readonly nowMs: number; readonly timeoutMs: number },
): Reach {
  const { mode, nowMs, timeoutMs } = started;
  const untilMs = mode === "all" ? nowMs + timeoutMs : 0;
  const allUntilMs = Math.max(before?.allUntilMs ?? 0, untilMs);
  return { mode, allUntilMs: allUntilMs === 0 ? null : allUntilMs };
}

/** What may be reached from each place on this machine, as far as somebody started something there. */
export class NetworkReach {
  readonly #places = new Map<string, GroupPath & { readonly reach: Reach }>();

  set(path: GroupPath, reach: Reach): void {
    this.#places.set(keyOf(path), { ...path, reach });
  }

  get(path: GroupPath): Reach | null {
    return this.#places.get(keyOf(path))?.reach ?? null;
  }

  /** The modes that count in a project, or in a workspace with all of its projects, sorted. */
  modes({ workspaceId, projectId }: GroupPath, nowMs: number): NetworkMode[] {
    const within = [...this.#places.values()].filter(
      (place) => place.workspaceId === workspaceId && (projectId === null || place.projectId === projectId),
    );
    const modes = within.flatMap(({ reach }): NetworkMode[] =>
      (reach.allUntilMs ?? 0) > nowMs ? [reach.mode, "all"] : [reach.mode],
    );
    return [...new Set(modes)].toSorted();
  }
}

function keyOf({ workspaceId, projectId }: GroupPath): string {
  return `${workspaceId} ${projectId ?? ""}`;
}
