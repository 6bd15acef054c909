import { statfsSync, statSync } from "node:fs";
import type { RunId } from "@quarterdeck/core/ids";
import type { ExecutionHost } from "../host/execution-host.ts";
import { errorMessage, type Log } from "../log.ts";
import { listRuns } from "./list-runs.ts";
import { keptOutputBudget, outputsToDrop } from "./kept-output-budget.ts";

interface KeptOutputOptions {
  readonly host: Pick<ExecutionHost, "files" | "dropOutput">;
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
    const { host, isActive } = this.#options;
    const { files } = host;
    const found: { runId: RunId; bytes: number; endedAtMs: number }[] = [];
    for (const runId of listRuns(files)) {
      const run = files.run(runId);
      // A crash may have come in the middle of it.
      if ((statSync(run.droppedOutput, { throwIfNoEntry: false })?.size ?? 0) > 0) host.dropOutput(runId);
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
    const output = statSync(this.#options.host.files.run(runId).output, { throwIfNoEntry: false });
    if (!output) return;
    this.#outputs.set(runId, output.size);
    this.#keptBytes += output.size;
  }

  /** Drops what is too much, as far as it may go. */
  keepWithinBudget(): void {
    const { host, isActive, isSettled, settle, log } = this.#options;
    if (this.#keptBytes === 0) return;
    const { blocks, bavail, bsize } = statfsSync(host.files.runs);
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
        host.dropOutput(runId);
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
}
