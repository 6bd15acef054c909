import { sql, type SQL } from "drizzle-orm";
import { isFreezeTask, runs, tasks, workspaces } from "../db/schema.ts";

export const freezeActions = ["workspace.freeze", "workspace.thaw"] as const;
export type FreezeAction = (typeof freezeActions)[number];

/** Whether a workspace stands still, or is on its way there or back. */
export const motions = ["running", "freezing", "frozen", "thawing"] as const;
export type Motion = (typeof motions)[number];

/**
 * What its newest freeze or thaw made of a workspace. One at a time is under way, so while one is open it is the newest; one
 * that did not succeed has changed nothing.
 */
export const motionOf: SQL<Motion> = sql`coalesce((
  select case
    when ${runs.state} <> 'ended' then case ${tasks.action} when 'workspace.freeze' then 'freezing' else 'thawing' end
    when ${tasks.action} = 'workspace.freeze' then 'frozen' else 'running' end
  from ${tasks} inner join ${runs} on ${runs.orgId} = ${tasks.orgId} and ${runs.taskId} = ${tasks.taskId}
  where ${tasks.workspaceId} = ${workspaces.workspaceId} and ${isFreezeTask}
    and (${runs.state} <> 'ended' or ${runs.verdict} = 'succeeded')
  order by ${tasks.submittedAtMs} desc limit 1), 'running')`;

/** True while no freeze or thaw of a workspace is under way. */
export function nothingUnderWay(workspaceId: string): SQL {
  return sql`not exists (
    select 1 from ${tasks} inner join ${runs} on ${runs.orgId} = ${tasks.orgId} and ${runs.taskId} = ${tasks.taskId}
    where ${tasks.workspaceId} = ${workspaceId} and ${isFreezeTask} and ${runs.state} <> 'ended')`;
}
