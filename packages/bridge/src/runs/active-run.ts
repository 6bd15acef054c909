import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import type { RunId } from "@quarterdeck/core/ids";
import type { RunDirectory } from "../data-directory.ts";
import { isDiskFull } from "../disk/disk-full.ts";
import { signalProcess } from "../wrapper/processes.ts";
import { livingWrapper } from "./run-files.ts";

/** A run that has not ended yet. */
export class ActiveRun {
  readonly runId: RunId;
  readonly directory: RunDirectory;
  readonly #bootId: string;
  readonly #abort = new AbortController();

  constructor(runId: RunId, directory: RunDirectory, bootId: string) {
    this.runId = runId;
    this.directory = directory;
    this.#bootId = bootId;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get isCancelled(): boolean {
    return this.#abort.signal.aborted || existsSync(this.directory.cancel);
  }

  /**
   * Cancels it, before its start or during its run. The file comes before the look at the marker: a wrapper writes its
   * marker before it looks for the file, so one of the two sees the other. With a result the wrapper may have another run
   * the moment this returns, so it is sent no signal then.
   */
  cancel(): void {
    try {
      mkdirSync(this.directory.path, { recursive: true, mode: 0o700 });
      writeFileSync(this.directory.cancel, "", { mode: 0o600 });
    } catch (error) {
      if (!isDiskFull(error)) throw error; // The signal ends it all the same.
    }
    this.#abort.abort();
    if (existsSync(this.directory.result)) return;
    const wrapper = livingWrapper(this.directory, this.#bootId);
    if (wrapper !== undefined) signalProcess(wrapper, "SIGTERM");
  }
}
