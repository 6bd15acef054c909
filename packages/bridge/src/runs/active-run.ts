import { existsSync } from "node:fs";
import type { RunId } from "@quarterdeck/core/ids";
import type { Completion } from "../actions/action-context.ts";
import type { RunDirectory } from "../data-directory.ts";
import type { ExecutionHost } from "../host/execution-host.ts";
import { leaseOver } from "./completions.ts";

/** A run that has not ended yet. */
export class ActiveRun {
  readonly runId: RunId;
  readonly directory: RunDirectory;
  readonly #host: Pick<ExecutionHost, "cancel">;
  readonly #abort = new AbortController();
  /** Whether it may go on without a connection. */
  readonly isDetached: boolean;
  #isUnwanted = false;

  constructor(
    { runId, isDetached }: { readonly runId: RunId; readonly isDetached: boolean },
    directory: RunDirectory,
    host: Pick<ExecutionHost, "cancel">,
  ) {
    this.runId = runId;
    this.isDetached = isDetached;
    this.directory = directory;
    this.#host = host;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get isCancelled(): boolean {
    return this.#abort.signal.aborted || existsSync(this.directory.cancel);
  }

  /** Somebody cancels it, before its start or during its run. */
  cancel(): void {
    this.#isUnwanted = true;
    this.stop();
  }

  /** Stops it as if it were cancelled; `endedAs` says then that it was not. */
  stop(): void {
    this.#host.cancel(this.runId);
    this.#abort.abort();
  }

  /** How it ended. Nobody but the end of its lease stops a run that nobody cancelled, so this holds after a crash, too. */
  endedAs(completion: Completion): Completion {
    const isLeaseOver = completion.verdict === "cancelled" && !this.isDetached && !this.#isUnwanted;
    return isLeaseOver ? leaseOver : completion;
  }
}
