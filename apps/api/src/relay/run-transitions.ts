import type { Report } from "@quarterdeck/core/protocol/relay-api";
import type { RepositoryState, RunFinished, Verdict } from "@quarterdeck/core/protocol/result";
import { and, eq, inArray, ne, sql, type SQL } from "drizzle-orm";
import { previousChanged } from "../db/insert-when.ts";
import { projects, runs } from "../db/schema.ts";
import { recordChange } from "../events/repo.ts";
import type { Runtime } from "../runtime.ts";
import type { StoredRepository } from "../projects/views.ts";
import type { RunState } from "../tasks/views.ts";
import type { Statement } from "../writer.ts";
import type { ReportedRun } from "./report-repo.ts";
import { runRefused } from "./run-refused.ts";

// A run only moves forward: queued, dispatched, running, ended. A report that comes late or again changes nothing.

export function markDispatched(
  runtime: Runtime,
  run: ReportedRun,
  { atMs, guard }: { atMs: number; guard: SQL },
): Statement[] {
  return [
    sql`update ${runs} set state = 'dispatched', "dispatchedAtMs" = ${atMs} where ${isIn(run, ["queued"])} and ${guard}`,
    taskChanged(runtime, run),
  ];
}

export function markStarted(
  runtime: Runtime,
  run: ReportedRun,
  { startedAtMs, atMs, guard }: { startedAtMs: number; atMs: number; guard: SQL },
): Statement[] {
  return [
    sql`update ${runs} set state = 'running', "startedAtMs" = ${startedAtMs}, "dispatchedAtMs" = coalesce("dispatchedAtMs", ${atMs})
      where ${isIn(run, ["queued", "dispatched"])} and ${guard}`,
    taskChanged(runtime, run),
  ];
}

/** The bridge finished the run: records its result and what it says of the project's repository. */
export function finishRun(
  runtime: Runtime,
  run: ReportedRun,
  { result, guard }: { result: RunFinished; guard: SQL },
): Statement[] {
  return [
    sql`update ${runs} set state = 'ended', verdict = ${result.verdict}, "exitCode" = ${result.exitCode}, signal = ${result.signal},
      code = ${result.code}, message = ${result.message}, "startedAtMs" = coalesce(${result.startedAtMs}, "startedAtMs"),
      "endedAtMs" = ${result.finishedAtMs}, "durationMs" = ${result.durationMs}, "outputBytes" = ${result.outputBytes},
      "outputCutBytes" = ${result.outputCutBytes}, tail = ${result.tail}, quote = ${result.quote}
      where ${isNotEnded(run)} and ${guard}`,
    taskChanged(runtime, run),
    ...(result.verdict === "refused" ? [runRefused(runtime, run, { by: run.serverId, code: result.code })] : []),
    ...projectStatements(runtime, run, { ...result, message: result.message ?? result.code }),
  ];
}

/**
 * The run ended at the relay: it never reached the bridge, or the bridge no longer knows it. Of a run that its bridge has
 * said to have started, only the latter can be true.
 */
export function endRun(
  runtime: Runtime,
  run: ReportedRun,
  { verdict, code, message, atMs, guard }: Extract<Report, { kind: "ended" }> & { guard: SQL },
): Statement[] {
  return [
    sql`update ${runs} set state = 'ended', verdict = ${verdict}, code = ${code}, message = ${message}, "endedAtMs" = ${atMs}
      where ${verdict === "indeterminate" ? isNotEnded(run) : isIn(run, ["queued", "dispatched"])} and ${guard}`,
    taskChanged(runtime, run),
    ...(verdict === "refused" ? [runRefused(runtime, run, { by: "relay", code })] : []),
    ...projectStatements(runtime, run, { verdict, message, repository: null }),
  ];
}

interface Ending {
  readonly verdict: Verdict;
  readonly message: string | null;
  readonly repository: RepositoryState | null;
}

/** What the end of a run changes in its project: follows the task's event, so it happens with the run's end only. */
function projectStatements(runtime: Runtime, run: ReportedRun, { verdict, message, repository }: Ending): Statement[] {
  const { projectId, orgId, taskId } = run;
  const isClone = run.action === "project.clone";
  if (projectId === null || (!isClone && repository === null)) return [];
  const isReady = verdict === "succeeded";
  const clone = sql`state = ${isReady ? "ready" : "cloneFailed"}, "cloneMessage" = ${isReady ? null : (message ?? `Cloning ended as ${verdict}.`)}`;
  const stored: StoredRepository | null = repository && { ...repository, runId: run.runId };
  const seen = sql`repository = ${JSON.stringify(stored)}`;
  const changes = [...(isClone ? [clone] : []), ...(repository === null ? [] : [seen])];
  const isOwnTask = isClone ? eq(projects.cloneTaskId, taskId) : undefined;
  return [
    sql`update ${projects} set ${sql.join(changes, sql`, `)}
      where ${and(eq(projects.projectId, projectId), eq(projects.orgId, orgId), isOwnTask)} and ${previousChanged}`,
    recordChange({ orgId }, { kind: "project", id: projectId, atMs: runtime.clock.nowMs() }, previousChanged),
  ];
}

function isIn(run: ReportedRun, states: RunState[]) {
  return and(eq(runs.runId, run.runId), eq(runs.serverId, run.serverId), inArray(runs.state, states));
}

function isNotEnded(run: ReportedRun) {
  return and(eq(runs.runId, run.runId), eq(runs.serverId, run.serverId), ne(runs.state, "ended"));
}

function taskChanged(runtime: Runtime, { orgId, taskId }: ReportedRun): Statement {
  return recordChange({ orgId }, { kind: "task", id: taskId, atMs: runtime.clock.nowMs() }, previousChanged);
}
