import { existsSync, readdirSync, renameSync, statfsSync, statSync, truncateSync } from "node:fs";
import type { RunId } from "@quarterdeck/core/ids";
import type { DataDirectory, RunDirectory } from "../data-directory.ts";
import { errorMessage, type Log } from "../log.ts";
import { keptOutputBudget, outputsToDrop } from "./kept-output-budget.ts";

interface KeptOutputOptions {
  readonly data: DataDirectory;
  readonly isActive: (runId: RunId) => boolean;
  /** Whether a run has ended and the relay has its result. */
  readonly isSettled: (runId: RunId) => boolean;
  /** Writes down what the relay acknowledged and the journal may not say yet. */
  readonly settle: () => void;
  readonly log: Log;
}

/**
 * Knows what the outputs of ended runs take, and drops the oldest when that is too much. The other files of a run stay: its start
 * marker keeps it from starting twice.
 */
export class KeptOutput {
  readonly #options: KeptOutputOptions;
  /** Bytes by run, the oldest end first. */
  #outputs = new Map<RunId, number>();
  #keptBytes = 0;

  constructor(options: KeptOutputOptions) {
    this.#options = options;
  }

  /** Finds out what is there. */
  load(): void {
    const { data, isActive } = this.#options;
    const found: { runId: RunId; bytes: number; endedAtMs: number }[] = [];
    for (const name of readdirSync(data.runs)) {
      const runId = name as RunId;
      const run = data.run(runId);
      this.#finishDrop(run);
      const output = statSync(run.output, { throwIfNoEntry: false });
      if (output && !isActive(runId)) found.push({ runId, bytes: output.size, endedAtMs: output.mtimeMs });
    }
    found.sort((a, b) => a.endedAtMs - b.endedAtMs);
    this.#outputs = new Map(found.map(({ runId, bytes }) => [runId, bytes]));
    this.#keptBytes = found.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** A run has ended. */
  ended(runId: RunId): void {
    this.#forget(runId);
    const output = statSync(this.#options.data.run(runId).output, { throwIfNoEntry: false });
    if (!output) return;
    this.#outputs.set(runId, output.size);
    this.#keptBytes += output.size;
  }

  /** Drops what is too much, as far as it may go. */
  keepWithinBudget(): void {
    const { data, isActive, isSettled, settle, log } = this.#options;
    if (this.#keptBytes === 0) return;
    const { blocks, bavail, bsize } = statfsSync(data.runs);
    const disk = { keptBytes: this.#keptBytes, freeBytes: bavail * bsize, diskBytes: blocks * bsize };
    const budgetBytes = keptOutputBudget(disk);
    if (this.#keptBytes <= budgetBytes) return;
    settle();
    const dropped = outputsToDrop({
      outputs: this.#outputs,
      keptBytes: this.#keptBytes,
      budgetBytes,
      isSettled: (runId) => !isActive(runId) && isSettled(runId),
    });
    for (const runId of dropped) {
      const bytes = this.#outputs.get(runId);
      this.#forget(runId);
      try {
        drop(data.run(runId));
        log.info("the output of an old run is not kept any more, to make room", { runId, bytes });
      } catch (error) {
        log.warn("the output of an old run cannot be removed", { runId, reason: errorMessage(error) });
      }
    }
  }

  #forget(runId: RunId): void {
    this.#keptBytes -= this.#outputs.get(runId) ?? 0;
    this.#outputs.delete(runId);
  }

  /** A crash may have come in the middle of it. */
  #finishDrop(run: RunDirectory): void {
    if ((statSync(run.droppedOutput, { throwIfNoEntry: false })?.size ?? 0) > 0) truncateSync(run.droppedOutput, 0);
  }
}

/** Without needing room, which a full disk does not have: what stays is an empty file that says so. */
function drop(run: RunDirectory): void {
  if (!existsSync(run.output)) return;
  renameSync(run.output, run.droppedOutput);
  truncateSync(run.droppedOutput, 0);
}
