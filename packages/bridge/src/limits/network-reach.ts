import type { Command } from "@quarterdeck/core/protocol/command";
import type { ProjectId, WorkspaceId } from "@quarterdeck/core/ids";
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

/** What may be reached from each place on this machine, as far as somebody started something there. Asked for each sample. */
export class NetworkReach {
  readonly #workspaces = new Map<WorkspaceId, Map<ProjectId | null, Reach>>();

  set({ workspaceId, projectId }: GroupPath, reach: Reach): void {
    const places = this.#workspaces.get(workspaceId) ?? new Map<ProjectId | null, Reach>();
    this.#workspaces.set(workspaceId, places.set(projectId, reach));
  }

  get({ workspaceId, projectId }: GroupPath): Reach | null {
    return this.#workspaces.get(workspaceId)?.get(projectId) ?? null;
  }

  /** The modes that count in a project, or in a workspace with all of its projects, sorted. */
  modes({ workspaceId, projectId }: GroupPath, nowMs: number): NetworkMode[] {
    const places = this.#workspaces.get(workspaceId);
    if (places === undefined) return [];
    const modes = new Set<NetworkMode>();
    const count = (reach: Reach | undefined) => {
      if (reach === undefined) return;
      modes.add(reach.mode);
      if ((reach.allUntilMs ?? 0) > nowMs) modes.add("all");
    };
    if (projectId === null) for (const reach of places.values()) count(reach);
    else count(places.get(projectId));
    return [...modes].toSorted();
  }
}
