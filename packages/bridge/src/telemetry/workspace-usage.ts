import { availableParallelism } from "node:os";
import type { Clock } from "@quarterdeck/core/clock";
import type { WorkspaceReading } from "@quarterdeck/core/protocol/workspace-readings";
import { coreMillicores } from "@quarterdeck/core/units";
import type { UsageSource } from "../host/measured-usage.ts";
import { UsageMeter, type UsageLook } from "./usage-meter.ts";

interface WorkspaceUsageOptions {
  readonly clock: Pick<Clock, "monotonicMs">;
  readonly source: UsageSource;
  readonly onFailure?: (error: unknown) => void;
}

/** Reads what workspaces use, wherever their groups are read: from another process the newest answer counts. */
export class WorkspaceUsage {
  readonly #options: WorkspaceUsageOptions;
  readonly #meters: Readonly<Record<"live" | "kept", UsageMeter>>;
  #newest: UsageLook | null = null;
  #isAsking = false;

  constructor(options: WorkspaceUsageOptions) {
    this.#options = options;
    const meter = () => new UsageMeter({ capacity: availableParallelism() * coreMillicores });
    this.#meters = { live: meter(), kept: meter() };
  }

  /** @param of since which reading it counts: the one before that was sent, or the one before that was kept */
  read(of: "live" | "kept", atMs: number): WorkspaceReading[] {
    if (of === "live") this.#look();
    if (this.#newest === null) return [];
    return this.#meters[of].read(this.#newest, atMs);
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
  }

  /** Old numbers are no news: until it answers again nothing is said of workspaces. */
  #fail(error: unknown): void {
    this.#newest = null;
    this.#options.onFailure?.(error);
  }
}
