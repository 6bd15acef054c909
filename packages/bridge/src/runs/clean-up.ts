import { existsSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import type { RunId } from "@quarterdeck/core/ids";
import { dayMs, hourMs } from "@quarterdeck/core/units";
import type { DataDirectory } from "../data-directory.ts";
import type { ExecutionHost } from "../host/execution-host.ts";
import { errorMessage, type Log } from "../log.ts";
import { listRuns } from "./list-runs.ts";

/** Output of programs stays for a month; answers to questions, which can be asked again, for an hour. */
const keepOutputMs = 30 * dayMs;
const keepAnswersMs = hourMs;

interface CleanUpOptions {
  /** What the daemon keeps of runs. */
  readonly data: Pick<DataDirectory, "runs">;
  readonly host: Pick<ExecutionHost, "files" | "forget">;
  readonly isActive: (runId: RunId) => boolean;
  readonly nowMs: number;
  readonly log: Log;
}

/** Removes the files of runs that ended long ago. */
export function cleanUpRuns({ data, host, isActive, nowMs, log }: CleanUpOptions): void {
  const { runs } = host.files;
  for (const runId of listRuns(host.files)) {
    const path = join(runs, runId);
    try {
      const hasProgram = statSync(join(path, "spec.json"), { throwIfNoEntry: false }) !== undefined;
      const ageMs = nowMs - statSync(path).mtimeMs;
      if (isActive(runId) || ageMs < (hasProgram ? keepOutputMs : keepAnswersMs)) continue;
      host.forget(runId);
    } catch (error) {
      log.warn("the files of an old run cannot be removed", { path, reason: errorMessage(error) });
    }
  }
  if (data.runs === runs) return;
  for (const runId of listRuns(data)) {
    if (isActive(runId) || existsSync(join(runs, runId))) continue;
    const path = join(data.runs, runId);
    try {
      rmSync(path, { recursive: true, force: true });
    } catch (error) {
      log.warn("the key of an old run cannot be removed", { path, reason: errorMessage(error) });
    }
  }
}
