import { and, eq, inArray, sql, type SQL } from "drizzle-orm";
import { previousChanged } from "../db/insert-when.ts";
import { projects, runs } from "../db/schema.ts";
import { recordChange } from "../events/repo.ts";
import type { Runtime } from "../runtime.ts";
import type { Statement } from "../writer.ts";
import type { ReportedRun } from "./report-repo.ts";
import { projectChange, type ProjectChange } from "./session/project-change.ts";
import { transitionOf, type RunColumns, type RunReport, type RunTransition } from "./session/run-transition.ts";
import { runRefused } from "./run-refused.ts";

/** The statements that give a report its effect on a run, and on the project that the run works on. */
export function moveRun(
  runtime: Runtime,
  run: ReportedRun,
  { report, guard }: { report: RunReport; guard: SQL },
): Statement[] {
  const transition = transitionOf(report);
  const { orgId, taskId } = run;
  const atMs = runtime.clock.nowMs();
  const by = report.kind === "finished" ? run.serverId : "relay";
  const project = transition.ending && projectChange(run, transition.ending);
  return [
    updateRun(run, transition, guard),
    recordChange({ orgId }, { kind: "task", id: taskId, atMs }, previousChanged),
    ...(transition.set.verdict === "refused"
      ? [runRefused(runtime, run, { by, code: transition.set.code ?? null })]
      : []),
    // Follows the task's event, so it happens with the run's end only.
    ...(project ? [updateProject(run, project)] : []),
    ...(project ? [recordChange({ orgId }, { kind: "project", id: project.projectId, atMs }, previousChanged)] : []),
  ];
}

function updateRun({ runId, serverId }: ReportedRun, { from, to, set, setIfNull }: RunTransition, guard: SQL): SQL {
  const isFrom = and(eq(runs.runId, runId), eq(runs.serverId, serverId), inArray(runs.state, [...from]));
  const name = (column: string) => sql.identifier(runs[column as keyof RunColumns].name);
  const assignments = [
    sql`state = ${to}`,
    ...Object.entries(set).map(([column, value]) => sql`${name(column)} = ${value}`),
    ...Object.entries(setIfNull).map(([column, value]) => sql`${name(column)} = coalesce(${name(column)}, ${value})`),
  ];
  return sql`update ${runs} set ${sql.join(assignments, sql`, `)} where ${isFrom} and ${guard}`;
}

function updateProject({ orgId }: ReportedRun, { projectId, clone, repository }: ProjectChange): SQL {
  const changes = [
    ...(clone ? [sql`state = ${clone.state}, "cloneMessage" = ${clone.message}`] : []),
    ...(repository ? [sql`repository = ${JSON.stringify(repository)}`] : []),
  ];
  const isOwnTask = clone ? eq(projects.cloneTaskId, clone.taskId) : undefined;
  return sql`update ${projects} set ${sql.join(changes, sql`, `)}
    where ${and(eq(projects.projectId, projectId), eq(projects.orgId, orgId), isOwnTask)} and ${previousChanged}`;
}
