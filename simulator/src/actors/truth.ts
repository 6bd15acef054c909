import type { World } from "../world/world.ts";

/** What a program that a run started does: written into its arguments, so that everybody knows what must come out. */
export interface ProgramPlan {
  readonly durationMs: number;
  /** Lines that it writes, spread evenly over its duration. */
  readonly lines: number;
  readonly exitCode: number;
  /** How long a line is at least; what is left out: as long as what it says. */
  readonly lineBytes?: number;
}

export interface ProgramStart {
  readonly runId: string;
  readonly machine: string;
  readonly orderKey: string;
  readonly startedAtMs: number;
  endedAtMs: number | null;
  exitCode: number | null;
  /** Who killed it; `null` when it ended by itself, and as long as it runs. */
  killedBy: Killer | null;
}

/** What the scenario does to a server, or what runs there: the bridge and its wrappers. */
export type Killer = "scenario" | "bridge";

/**
 * How a wrapper's time with a run ended: it wrote down how the run did, it did not start it because another had, it was
 * killed, or it failed, with a disk that failed or without one.
 */
type StintEnd = "ran" | "keptOff" | "killedByScenario" | "killedByBridge" | "failedByDisk" | "failed";

/** A wrapper that was given a run. */
export interface WrapperStint {
  readonly runId: string;
  /** `null` as long as it has not ended. */
  end: StintEnd | null;
  endedAtMs: number;
}

/** The line of a run's output with a number; it names its tenant, so that a byte at the wrong place is known. */
export function outputLine(
  { orgId, runId }: { readonly orgId: string; readonly runId: string },
  line: number,
  lineBytes = 0,
): string {
  return `${`${orgId} ${runId} ${line}`.padEnd(lineBytes - 1, ".")}\n`;
}

/** What really happened on the servers, written down by the world itself and by nothing that is being tested. */
export class Truth {
  readonly starts: ProgramStart[] = [];
  readonly #stints: WrapperStint[] = [];
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  startsOf(runId: string): ProgramStart[] {
    return this.starts.filter((start) => start.runId === runId);
  }

  stintsOf(runId: string): WrapperStint[] {
    return this.#stints.filter((stint) => stint.runId === runId);
  }

  /** A wrapper was given a run. */
  wrapping(runId: string): WrapperStint {
    const stint: WrapperStint = { runId, end: null, endedAtMs: Number.POSITIVE_INFINITY };
    this.#stints.push(stint);
    return stint;
  }

  /** What is said first holds: what has failed is killed too. */
  wrapped(stint: WrapperStint | undefined, end: StintEnd): void {
    if (!stint || stint.end !== null) return;
    stint.end = end;
    stint.endedAtMs = this.#world.timeline.nowMs;
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
