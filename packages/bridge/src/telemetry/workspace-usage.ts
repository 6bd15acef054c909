import { availableParallelism } from "node:os";
import type { Clock } from "@quarterdeck/core/clock";
import type { WorkspaceReading } from "@quarterdeck/core/protocol/workspace-readings";
import { coreMillicores } from "@quarterdeck/core/units";
import { DiskMeter, type MeasuredProject } from "./disk-meter.ts";
import type { UsageSource } from "./group-usage.ts";
import { UsageMeter, type UsageLook } from "./usage-meter.ts";

interface WorkspaceUsageOptions {
  readonly clock: Pick<Clock, "monotonicMs">;
  readonly source: UsageSource;
  /** Where a project's files are. */
  readonly pathOf: (project: MeasuredProject) => string;
  readonly onFailure?: (error: unknown) => void;
}

/** Reads what workspaces use, wherever their groups are read: from another process the newest answer counts. */
export class WorkspaceUsage {
  readonly #options: WorkspaceUsageOptions;
  readonly #disk: DiskMeter;
  readonly #meters: Readonly<Record<"live" | "kept", UsageMeter>>;
  #newest: UsageLook | null = null;
  #isAsking = false;

  constructor(options: WorkspaceUsageOptions) {
    this.#options = options;
    const { clock, pathOf } = options;
    this.#disk = new DiskMeter({ pathOf, monotonicMs: () => clock.monotonicMs() });
    const meter = () =>
      new UsageMeter({
        capacity: availableParallelism() * coreMillicores,
        diskOf: (projectId) => this.#disk.usedBy(projectId),
      });
    this.#meters = { live: meter(), kept: meter() };
  }

  /** @param of since which reading it counts: the one before that was sent, or the one before that was kept */
  read(of: "live" | "kept", atMs: number): WorkspaceReading[] {
    if (of === "live") this.#look();
    if (this.#newest === null) return [];
    return this.#meters[of].read(this.#newest, atMs);
  }

  stop(): void {
    this.#disk.stop();
  }

  #look(): void {
    if (this.#isAsking) return;
    try {
      const groups = this.#options.source();
      if (!(groups instanceof Promise)) return this.#take(groups);
      this.#isAsking = true;
      groups
        .then((answer) => this.#take(answer))
        .catch((error: unknown) => this.#fail(error))
        .finally(() => (this.#isAsking = false));
    } catch (error) {
      this.#fail(error);
    }
  }

  #take(groups: UsageLook["groups"]): void {
    this.#newest = { groups, atMonotonicMs: this.#options.clock.monotonicMs() };
    this.#disk.see(
      groups.flatMap(({ workspaceId, projectId, runId }) =>
        projectId === null || runId !== null ? [] : [{ workspaceId, projectId }],
      ),
    );
  }

  /** Old numbers are no news: until it answers again nothing is said of workspaces. */
  #fail(error: unknown): void {
    this.#newest = null;
    this.#options.onFailure?.(error);
  }
}
