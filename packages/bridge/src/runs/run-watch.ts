import { watch } from "node:fs";
import type { RunDirectory } from "../data-directory.ts";

const lookMs = 1000;

interface RunWatchOptions {
  readonly onOutput: () => void;
  /** Something else about the run may have changed. */
  readonly onChange: () => void;
  /** Whether nobody else tells when the wrapper ends, so that it must be looked at from time to time. */
  readonly mustLook: boolean;
}

/** Watches the directory of a run through the kernel. Returns how to stop. */
export function watchRun(run: RunDirectory, { onOutput, onChange, mustLook }: RunWatchOptions): () => void {
  const watcher = watch(run.path, (_event, name) => {
    if (name === "output") onOutput();
    else onChange();
  });
  watcher.on("error", onChange);
  const timer = mustLook ? setInterval(onChange, lookMs) : undefined;
  return () => {
    watcher.close();
    clearInterval(timer);
  };
}
