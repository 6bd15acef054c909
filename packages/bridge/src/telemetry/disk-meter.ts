import { setTimeout as sleep } from "node:timers/promises";
import { minuteMs } from "@quarterdeck/core/units";
import type { GroupPath } from "../drivers/driver.ts";
import type { WalkOptions } from "./disk-walk.ts";

/** How much of a tree is looked at, and how slowly. */
export type WalkTurns = Pick<WalkOptions, "mostEntries" | "entriesPerTurn" | "turn">;

interface DiskMeterOptions {
  /** Bytes of a workspace's or project's files; null where they cannot be read. It does not reject. */
  readonly measure: (path: GroupPath, turns: WalkTurns) => Promise<number | null>;
  readonly everyMs?: number;
  readonly monotonicMs: () => number;
}

interface Measured {
  readonly used: number | null;
  readonly atMs: number;
}

/** A tree with more is measured up to here: at least so much is in it. */
const mostEntries = 500_000;
const entriesPerTurn = 200;
/** With the turns, the walk takes a small part of one core at most. */
const pauseMs = 25;

const keyOf = ({ workspaceId, projectId }: GroupPath) => projectId ?? workspaceId;

/**
 * Measures what workspaces and projects take on the disk: one after the other, in small steps, each again after some minutes.
 * Whoever reads gets what was measured last and waits for nothing.
 */
export class DiskMeter {
  readonly #options: DiskMeterOptions;
  readonly #measured = new Map<string, Measured>();
  #isWalking = false;
  #isStopped = false;

  constructor(options: DiskMeterOptions) {
    this.#options = options;
  }

  usedBy(path: GroupPath): number | null {
    return this.#measured.get(keyOf(path))?.used ?? null;
  }

  /** These are there now: those that are due are measured, and the others forgotten. */
  see(paths: readonly GroupPath[]): void {
    const there = new Set<string>(paths.map(keyOf));
    for (const known of this.#measured.keys()) if (!there.has(known)) this.#measured.delete(known);
    if (this.#isWalking || this.#isStopped) return;
    this.#isWalking = true;
    void this.#measure(paths).finally(() => (this.#isWalking = false));
  }

  /** Ends with the step that is under way. */
  stop(): void {
    this.#isStopped = true;
  }

  async #measure(paths: readonly GroupPath[]): Promise<void> {
    const { measure, everyMs = 5 * minuteMs, monotonicMs } = this.#options;
    const turns = { mostEntries, entriesPerTurn, turn: () => this.#turn() };
    const isDue = (path: GroupPath) =>
      monotonicMs() - (this.#measured.get(keyOf(path))?.atMs ?? Number.NEGATIVE_INFINITY) >= everyMs;
    for (const path of paths.filter(isDue)) {
      if (this.#isStopped) return;
      const used = await measure(path, turns);
      this.#measured.set(keyOf(path), { used, atMs: monotonicMs() });
    }
  }

  async #turn(): Promise<boolean> {
    await sleep(pauseMs, undefined, { ref: false });
    return !this.#isStopped;
  }
}
