import { and, eq, inArray, or, sql, type SQL } from "drizzle-orm";
import { recordArchives } from "../archives/record-archives.ts";
import { previousChanged } from "../db/insert-when.ts";
import { readyStatement } from "../db/ready-statement.ts";
import { projects, runs } from "../db/schema.ts";
import { recordChange } from "../events/repo.ts";
import type { Runtime } from "../runtime.ts";
import type { Statement } from "../writer.ts";
import { freezeActions } from "../workspaces/frozen.ts";
import type { ReportedRun } from "./report-repo.ts";
import { projectChange, type ProjectChange } from "./session/project-change.ts";
import {
  givenUp,
  transitionOf,
  type RunColumns,
  type RunReport,
  type RunTransition,
} from "./session/run-transition.ts";
import { runRefused } from "./run-refused.ts";

/**
 * The statements that give a report its effect on a run, and on the project that the run works on. They follow the one that
 * recorded the report.
 */
export function moveRun(runtime: Runtime, run: ReportedRun, report: RunReport): Statement[] {
  const transition = transitionOf(report);
  const { orgId, taskId, workspaceId } = run;
  const atMs = runtime.clock.nowMs();
  const by = report.kind === "finished" ? run.serverId : "relay";
  const project = transition.ending && projectChange(run, transition.ending);
  const isFreeze = transition.ending !== null && (freezeActions as readonly string[]).includes(run.action);
  return [
    updateRun(run, transition),
    recordChange({ orgId }, { kind: "task", id: taskId, atMs }, previousChanged),
    ...(isFreeze ? [recordChange({ orgId }, { kind: "workspace", id: workspaceId, atMs }, previousChanged)] : []),
    ...(transition.set.verdict === "refused"
      ? [runRefused(runtime, run, { by, code: transition.set.code ?? null })]
      : []),
    // Follows the task's event, so it happens with the run's end only.
    ...(project ? [updateProject(run, project)] : []),
    ...(project ? [recordChange({ orgId }, { kind: "project", id: project.projectId, atMs }, previousChanged)] : []),
    ...recordArchives(run, report, atMs),
  ];
}

type UpdateRun = (values: Readonly<Record<string, unknown>>) => Statement;

/** By the states and the columns that a transition is about: there are a handful. */
const updates = new Map<string, UpdateRun>();

function updateRun({ runId, serverId }: ReportedRun, transition: RunTransition): Statement {
  const { from, isTakenLate, to, set, setIfNull } = transition;
  const shape = [from.join(), isTakenLate, to, Object.keys(set).join(), Object.keys(setIfNull).join()].join(" ");
  const update = updates.get(shape) ?? buildUpdate(transition);
  updates.set(shape, update);
  return update({ ...setIfNull, ...set, runId, serverId });
}

function buildUpdate({ from, isTakenLate, to, set, setIfNull }: RunTransition): UpdateRun {
  const name = (column: string) => sql.identifier(runs[column as keyof RunColumns].name);
  return readyStatement((value) => {
    const isGivenUp = and(eq(runs.state, "ended"), eq(runs.verdict, givenUp.verdict), eq(runs.code, givenUp.code));
    const isInState = inArray(runs.state, [...from]);
    const isFrom = and(
      eq(runs.runId, value("runId")),
      eq(runs.serverId, value("serverId")),
      isTakenLate ? or(isInState, isGivenUp) : isInState,
    );
    const assignments = [
      sql`state = ${to}`,
      ...Object.keys(set).map((column) => sql`${name(column)} = ${value(column)}`),
      ...Object.keys(setIfNull).map((column) => sql`${name(column)} = coalesce(${name(column)}, ${value(column)})`),
    ];
    return sql`update ${runs} set ${sql.join(assignments, sql`, `)} where ${isFrom} and ${previousChanged}`;
  });
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
