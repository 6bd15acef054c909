import { existsSync } from "node:fs";
import type { RunDirectory } from "../data-directory.ts";
import { livingWrapper } from "../runs/run-files.ts";

const lookMs = 1000;

/** Waits for the end of a run whose wrapper somebody else started: nobody tells when it ends, so it is looked at from time to time. */
export function untilWrapperGone(run: RunDirectory, bootId: string): Promise<void> {
  // With a result it may live on, for other runs.
  const isGone = () => livingWrapper(run, bootId) === undefined || existsSync(run.result);
  if (isGone()) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      if (!isGone()) return;
      clearInterval(timer);
      resolve();
    }, lookMs);
  });
}
