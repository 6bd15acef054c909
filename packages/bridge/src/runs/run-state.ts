import { existsSync } from "node:fs";
import type { RunId } from "@quarterdeck/core/ids";
import { dayMs } from "@quarterdeck/core/units";
import type { ExecutionHost } from "../host/execution-host.ts";
import type { Journal } from "../journal/journal.ts";
import { idTimeMs } from "./id-time.ts";

/** `unknown`: it has not come here yet; `gone`: its output was cleaned up or had to make room, or it never came. */
export type RunState = "active" | "ended" | "unknown" | "gone";

interface Sources {
  readonly host: Pick<ExecutionHost, "files">;
  readonly journal: Pick<Journal, "isRunEnded">;
  readonly isActive: (runId: RunId) => boolean;
  readonly nowMs: () => number | null;
}

/** A run made longer ago than this that the journal does not know will not come any more. */
const forgottenMs = 2 * dayMs;

export function runState(runId: RunId, { host, journal, isActive, nowMs }: Sources): RunState {
  if (isActive(runId)) return "active";
  const run = host.files.run(runId);
  if (existsSync(run.droppedOutput)) return "gone";
  if (journal.isRunEnded(runId) || existsSync(run.path)) return "ended";
  return (nowMs() ?? 0) - idTimeMs(runId) > forgottenMs ? "gone" : "unknown";
}
