import type { Clock } from "@quarterdeck/core/clock";
import type { WorkspaceId } from "@quarterdeck/core/ids";
import type { DataDirectory } from "../data-directory.ts";
import type { Driver, GroupPath, GroupUsage } from "../drivers/driver.ts";
import { DiskMeter, type WalkTurns } from "../telemetry/disk-meter.ts";
import { walkDisk } from "../telemetry/disk-walk.ts";
import type { MeasuredUsage } from "./measured-usage.ts";

interface DiskUseOptions {
  readonly data: Pick<DataDirectory, "workspace">;
  readonly driver: Pick<Driver, "diskUse">;
  readonly clock: Pick<Clock, "monotonicMs">;
  /** Something could not be measured; it is tried again when it is due again. */
  readonly onFailure: (error: unknown) => void;
}

/**
 * What workspaces and projects take on the disk, by whoever may look at their files: by the file system's own counters where
 * it has them, otherwise by a slow walk.
 */
export class DiskUse {
  readonly #options: DiskUseOptions;
  readonly #meter: DiskMeter;
  /** Workspaces whose number is of all that is in them; that of the others leaves the projects out. */
  readonly #counted = new Set<WorkspaceId>();

  constructor(options: DiskUseOptions) {
    this.#options = options;
    const { clock } = options;
    this.#meter = new DiskMeter({
      measure: (path, turns) => this.#measure(path, turns),
      monotonicMs: () => clock.monotonicMs(),
    });
  }

  /** Gives groups what was measured of them last. What is due is measured meanwhile. */
  add(groups: readonly GroupUsage[]): MeasuredUsage[] {
    const nodes = groups.filter(({ runId }) => runId === null);
    // A workspace's number holds those of its projects, so it comes after them.
    this.#meter.see(nodes.toSorted((a, b) => Number(a.projectId === null) - Number(b.projectId === null)));
    const projects = new Map<WorkspaceId, number>();
    for (const { workspaceId, projectId } of nodes) {
      if (projectId === null) continue;
      const used = this.#meter.usedBy({ workspaceId, projectId }) ?? 0;
      projects.set(workspaceId, (projects.get(workspaceId) ?? 0) + used);
    }
    return groups.map((group) => ({ ...group, disk: this.#diskOf(group, projects) }));
  }

  /** Ends with the step that is under way. */
  stop(): void {
    this.#meter.stop();
  }

  #diskOf({ workspaceId, projectId, runId }: GroupUsage, projects: ReadonlyMap<WorkspaceId, number>): number | null {
    if (runId !== null) return null;
    const used = this.#meter.usedBy({ workspaceId, projectId });
    if (used === null || projectId !== null || this.#counted.has(workspaceId)) return used;
    return used + (projects.get(workspaceId) ?? 0);
  }

  async #measure(path: GroupPath, turns: WalkTurns): Promise<number | null> {
    const { driver } = this.#options;
    const { workspaceId, projectId } = path;
    const counted = await this.#orNothing(driver.diskUse(path));
    if (projectId === null && counted !== null) this.#counted.add(workspaceId);
    if (projectId === null && counted === null) this.#counted.delete(workspaceId);
    return counted ?? (await this.#orNothing(this.#walk(path, turns)));
  }

  #walk({ workspaceId, projectId }: GroupPath, turns: WalkTurns): Promise<number | null> {
    const workspace = this.#options.data.workspace(workspaceId);
    return projectId === null
      ? walkDisk(workspace.path, { ...turns, except: workspace.projects })
      : walkDisk(workspace.project(projectId), turns);
  }

  async #orNothing(measuring: Promise<number | null>): Promise<number | null> {
    try {
      return await measuring;
    } catch (error) {
      this.#options.onFailure(error);
      return null;
    }
  }
}
