import { existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import type { RunId } from "@quarterdeck/core/ids";
import type { Completion } from "../actions/action-context.ts";
import { runDirectoryMode, type RunDirectory } from "../data-directory.ts";
import { writeDurably } from "../durable-file.ts";
import type { ExecutionHost } from "../host/execution-host.ts";
import { leaseOver } from "./completions.ts";

interface ActiveRunIs {
  readonly runId: RunId;
  /** Whether it may go on without a connection. */
  readonly isDetached: boolean;
  /** Where the daemon writes down that the end of its lease stopped it. */
  readonly leaseOverFile: string;
}

/** A run that has not ended yet. */
export class ActiveRun {
  readonly runId: RunId;
  readonly directory: RunDirectory;
  readonly #host: Pick<ExecutionHost, "cancel">;
  readonly #abort = new AbortController();
  /** Whether it may go on without a connection. */
  readonly isDetached: boolean;
  readonly #leaseOverFile: string;
  #isUnwanted = false;
  #isLeaseOver = false;

  constructor(
    { runId, isDetached, leaseOverFile }: ActiveRunIs,
    directory: RunDirectory,
    host: Pick<ExecutionHost, "cancel">,
  ) {
    this.runId = runId;
    this.isDetached = isDetached;
    this.#leaseOverFile = leaseOverFile;
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
    this.#stop();
  }

  /**
   * Its lease is over: stops it as if it were cancelled; `endedAs` says then that it was not. Throws, when it is stopped, where that
   * cannot be written down: a bridge after a crash would say that it was cancelled.
   */
  endLease(): void {
    this.#isLeaseOver = true;
    try {
      mkdirSync(dirname(this.#leaseOverFile), { recursive: true, mode: runDirectoryMode });
      writeDurably(this.#leaseOverFile, "");
    } finally {
      this.#stop();
    }
  }

  /** How it ended. A cancel may have stopped it and be in no journal, on a full disk: only what is written down makes it a lease's end. */
  endedAs(completion: Completion): Completion {
    if (completion.verdict !== "cancelled" || this.#isUnwanted) return completion;
    return this.#isLeaseOver || existsSync(this.#leaseOverFile) ? leaseOver : completion;
  }

  #stop(): void {
    this.#host.cancel(this.runId);
    this.#abort.abort();
  }
}
