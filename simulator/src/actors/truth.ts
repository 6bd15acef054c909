import type { World } from "../world/world.ts";

/** What a program that a run started does: written into its arguments, so that everybody knows what must come out. */
export interface ProgramPlan {
  readonly durationMs: number;
  /** Lines that it writes, spread evenly over its duration. */
  readonly lines: number;
  readonly exitCode: number;
}

export interface ProgramStart {
  readonly runId: string;
  readonly machine: string;
  readonly orderKey: string;
  readonly startedAtMs: number;
  endedAtMs: number | null;
  exitCode: number | null;
  /** It was killed instead of ending by itself. */
  isKilled: boolean;
}

/** The line of a run's output with a number; it names its tenant, so that a byte at the wrong place is known. */
export function outputLine(orgId: string, runId: string, line: number): string {
  return `${orgId} ${runId} ${line}\n`;
}

/** What really happened on the servers, written down by the world itself and by nothing that is being tested. */
export class Truth {
  readonly starts: ProgramStart[] = [];
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  startsOf(runId: string): ProgramStart[] {
    return this.starts.filter((start) => start.runId === runId);
  }

  started(start: ProgramStart, limits: { readonly isOnce: boolean; readonly maxRuns: number }): void {
    if (limits.isOnce && this.startsOf(start.runId).length > 0)
      this.#world.violate(`once: ${start.runId} was started a second time`);
    const running = this.starts.filter((other) => other.machine === start.machine && other.endedAtMs === null);
    const sibling = running.find((other) => other.orderKey === start.orderKey);
    if (sibling && sibling.runId !== start.runId)
      this.#world.violate(`order: ${start.runId} started while ${sibling.runId} of the same project ran`);
    if (running.length >= limits.maxRuns)
      this.#world.violate(
        `quota: ${start.runId} is run ${running.length + 1} on ${start.machine}, which allows ${limits.maxRuns}`,
      );
    this.starts.push(start);
    this.#world.trace("program started", start.runId);
  }
}
