import { setTimeout as sleep } from "node:timers/promises";
import type { ProjectId, WorkspaceId } from "@quarterdeck/core/ids";
import { minuteMs } from "@quarterdeck/core/units";
import { walkDisk } from "./disk-walk.ts";

/** A project whose files are to be measured. */
export interface MeasuredProject {
  readonly workspaceId: WorkspaceId;
  readonly projectId: ProjectId;
}

interface DiskMeterOptions {
  readonly pathOf: (project: MeasuredProject) => string;
  readonly measure?: typeof walkDisk;
  readonly everyMs?: number;
  readonly monotonicMs: () => number;
}

/** A tree with more is measured up to here: at least so much is in it. */
const mostEntries = 500_000;
const entriesPerTurn = 200;
/** With the turns, the walk takes a small part of one core at most. */
const pauseMs = 25;

/**
 * Measures what projects take on the disk: one after the other, in small steps, each again after some minutes. Whoever reads
 * gets what was measured last and waits for nothing.
 */
export class DiskMeter {
  readonly #options: DiskMeterOptions;
  readonly #used = new Map<ProjectId, number | null>();
  readonly #measuredAtMs = new Map<ProjectId, number>();
  #isWalking = false;
  #isStopped = false;

  constructor(options: DiskMeterOptions) {
    this.#options = options;
  }

  usedBy(projectId: ProjectId): number | null {
    return this.#used.get(projectId) ?? null;
  }

  /** These projects are there now: those that are due are measured, and the others forgotten. */
  see(projects: readonly MeasuredProject[]): void {
    const there = new Set(projects.map(({ projectId }) => projectId));
    for (const known of this.#measuredAtMs.keys()) {
      if (there.has(known)) continue;
      this.#measuredAtMs.delete(known);
      this.#used.delete(known);
    }
    if (this.#isWalking || this.#isStopped) return;
    this.#isWalking = true;
    void this.#measure(projects).finally(() => (this.#isWalking = false));
  }

  /** Ends with the step that is under way. */
  stop(): void {
    this.#isStopped = true;
  }

  async #measure(projects: readonly MeasuredProject[]): Promise<void> {
    const { pathOf, measure = walkDisk, everyMs = 5 * minuteMs, monotonicMs } = this.#options;
    const isDue = ({ projectId }: MeasuredProject) =>
      monotonicMs() - (this.#measuredAtMs.get(projectId) ?? Number.NEGATIVE_INFINITY) >= everyMs;
    for (const project of projects.filter(isDue)) {
      if (this.#isStopped) return;
      const used = await measure(pathOf(project), { mostEntries, entriesPerTurn, turn: () => this.#turn() });
      this.#used.set(project.projectId, used);
      this.#measuredAtMs.set(project.projectId, monotonicMs());
    }
  }

  async #turn(): Promise<boolean> {
    await sleep(pauseMs, undefined, { ref: false });
    return !this.#isStopped;
  }
}
