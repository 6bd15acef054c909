import { watch } from "node:fs";
import type { RunDirectory } from "../data-directory.ts";

interface RunWatchOptions {
  readonly onOutput: () => void;
  /** Something else about the run may have changed. */
  readonly onChange: () => void;
}

/** Watches the directory of a run through the kernel. Returns how to stop. */
export function watchRun(run: RunDirectory, { onOutput, onChange }: RunWatchOptions): () => void {
  const watcher = watch(run.path, (_event, name) => {
    if (name === "output") onOutput();
    else onChange();
  });
  watcher.on("error", onChange);
  return () => watcher.close();
}
