import { readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import type { RunId } from "@quarterdeck/core/ids";
import { dayMs, hourMs } from "@quarterdeck/core/units";
import type { DataDirectory } from "../data-directory.ts";
import { errorMessage, type Log } from "../log.ts";

/** Output of programs stays for a month; answers to questions, which can be asked again, for an hour. */
const keepOutputMs = 30 * dayMs;
const keepAnswersMs = hourMs;

interface CleanUpOptions {
  readonly data: DataDirectory;
  readonly isActive: (runId: RunId) => boolean;
  readonly nowMs: number;
  readonly log: Log;
}

/** Removes the files of runs that ended long ago. */
export function cleanUpRuns({ data, isActive, nowMs, log }: CleanUpOptions): number {
  let removed = 0;
  for (const name of readdirSync(data.runs)) {
    const path = join(data.runs, name);
    try {
      const hasProgram = statSync(join(path, "spec.json"), { throwIfNoEntry: false }) !== undefined;
      const ageMs = nowMs - statSync(path).mtimeMs;
      if (isActive(name as RunId) || ageMs < (hasProgram ? keepOutputMs : keepAnswersMs)) continue;
      rmSync(path, { recursive: true, force: true });
      removed++;
    } catch (error) {
      log.warn("the files of an old run cannot be removed", { path, reason: errorMessage(error) });
    }
  }
  return removed;
}
