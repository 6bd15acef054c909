import { existsSync } from "node:fs";
import type { RunId } from "@quarterdeck/core/ids";
import type { RunDirectory } from "../data-directory.ts";
import type { ExecutionHost } from "../host/execution-host.ts";

/** A run that has not ended yet. */
export class ActiveRun {
  readonly runId: RunId;
  readonly directory: RunDirectory;
  readonly #host: Pick<ExecutionHost, "cancel">;
  readonly #abort = new AbortController();

  constructor(runId: RunId, directory: RunDirectory, host: Pick<ExecutionHost, "cancel">) {
    this.runId = runId;
    this.directory = directory;
    this.#host = host;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get isCancelled(): boolean {
    return this.#abort.signal.aborted || existsSync(this.directory.cancel);
  }

  /** Cancels it, before its start or during its run. */
  cancel(): void {
    this.#host.cancel(this.runId);
    this.#abort.abort();
  }
}
