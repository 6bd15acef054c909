import type { ActionName } from "@quarterdeck/core/actions/catalogue";
import type { TaskDemand } from "@quarterdeck/core/actions/task-demand";
import type { CommandId, OrgId, ProjectId, RunId, ServerId, TaskId, UserId, WorkspaceId } from "@quarterdeck/core/ids";
import type { Priority } from "@quarterdeck/core/protocol/command";
import { and, eq, inArray, isNull, or, sql, type SQL } from "drizzle-orm";
import { grantsOf, grantsText } from "../auth/grant-columns.ts";
import type { Rights } from "../auth/rights.ts";
import type { Database } from "../db/database.ts";
import { insertWhen, previousChanged } from "../db/insert-when.ts";
import { members, projects, renewals, runs, servers, tasks, workspaces } from "../db/schema.ts";
import { isClosing } from "../orgs/closing.ts";
import type { RunState, TaskParams } from "../tasks/views.ts";
import { isWithdrawn } from "../sharing/reach-conditions.ts";
import type { Statement } from "../writer.ts";

// As for reports, the server decides the org, so the server is the scope here.

/** A run whose signature is to be renewed, and what its submitter's rights are now. */
export interface RenewableRun {
  readonly runId: RunId;
  readonly orgId: OrgId;
  readonly taskId: TaskId;
  readonly serverId: ServerId;
  readonly workspaceId: WorkspaceId;
  readonly projectId: ProjectId | null;
  readonly action: ActionName;
  readonly params: TaskParams;
  readonly priority: Priority;
  readonly demand: TaskDemand | null;
  readonly isDetached: boolean;
  readonly submittedBy: UserId;
  readonly submittedAtMs: number;
  readonly state: RunState;
  readonly cancelAskedAtMs: number | null;
  /** The key that it was first signed for, and the server's now. */
  readonly signedForKey: string | null;
  readonly keyFingerprint: string;
  readonly sealingKey: string;
  /** When its server was removed. */
  readonly serverRevokedAtMs: number | null;
  /** Whether its org had a slice of the server that was taken back. */
  readonly isShareWithdrawn: boolean;
  /** Since when nothing that uses its server starts there. */
  readonly serverCordonedAtMs: number | null;
  /** The task's environment and standard input, sealed with the master key. */
  readonly secretInput: string | null;
  /** What the submitter is in the org now; null for someone who is not in it any more. */
  readonly rights: Rights | null;
  /** Whether the org is going to be deleted. */
  readonly isOrgClosing: boolean;
  /** Whether its workspace is still on this server, and its project in that. */
  readonly isPlaceThere: boolean;
}

/** Those of the runs that are this server's. */
export async function findRunsToRenew(
  db: Database,
  serverId: ServerId,
  runIds: readonly RunId[],
): Promise<RenewableRun[]> {
  const rows = await db
    .select({
      task: tasks,
      runId: runs.runId,
      state: runs.state,
      cancelAskedAtMs: runs.cancelAskedAtMs,
      signedForKey: runs.keyFingerprint,
      keyFingerprint: servers.keyFingerprint,
      sealingKey: servers.sealingKey,
      serverRevokedAtMs: servers.revokedAtMs,
      submitter: members.userId,
      serverCordonedAtMs: servers.cordonedAtMs,
      isShareWithdrawn: sql<number>`${isWithdrawn(runs.orgId, runs.serverId)}`,
      role: members.role,
      grants: grantsOf(tasks.orgId, tasks.submittedBy),
      isOrgClosing: isClosing(runs.orgId),
      isPlaceThere: sql<number>`${workspaces.workspaceId} is not null and (${tasks.projectId} is null or ${projects.projectId} is not null)`,
    })
    .from(runs)
    .innerJoin(tasks, and(eq(tasks.orgId, runs.orgId), eq(tasks.taskId, runs.taskId)))
    .innerJoin(servers, eq(servers.serverId, runs.serverId))
    .leftJoin(members, and(eq(members.orgId, tasks.orgId), eq(members.userId, tasks.submittedBy)))
    .leftJoin(
      workspaces,
      and(
        eq(workspaces.workspaceId, tasks.workspaceId),
        eq(workspaces.orgId, tasks.orgId),
        eq(workspaces.serverId, tasks.serverId),
      ),
    )
    .leftJoin(
      projects,
      and(
        eq(projects.projectId, tasks.projectId),
        eq(projects.orgId, tasks.orgId),
        eq(projects.workspaceId, tasks.workspaceId),
      ),
    )
    .where(and(eq(runs.serverId, serverId), inArray(runs.runId, [...runIds])));
  return rows.map(({ task, isPlaceThere, isShareWithdrawn, isOrgClosing, submitter, role, grants, ...row }) => ({
    ...row,
    rights: submitter === null ? null : { role, grants },
    isShareWithdrawn: isShareWithdrawn === 1,
    orgId: task.orgId,
    taskId: task.taskId,
    serverId: task.serverId,
    workspaceId: task.workspaceId,
    projectId: task.projectId,
    action: task.action as ActionName,
    params: task.params,
    secretInput: task.secretInput,
    priority: task.priority,
    demand: task.demand,
    isDetached: task.isDetached,
    submittedBy: task.submittedBy,
    submittedAtMs: task.submittedAtMs,
    isPlaceThere: isPlaceThere === 1,
    isOrgClosing: isOrgClosing === 1,
  }));
}

/** Records a further signature of a run, unless it moved on or its submitter's rights changed since it was read. */
export function insertRenewal(
  { runId, serverId, orgId, submittedBy, rights }: RenewableRun,
  renewal: { commandId: CommandId; signedAtMs: number; expiresAtMs: number },
): Statement[] {
  const isWaiting = and(
    eq(runs.runId, runId),
    eq(runs.serverId, serverId),
    or(eq(runs.state, "queued"), eq(runs.state, "dispatched")),
    isNull(runs.cancelAskedAtMs),
  );
  const isMember = and(
    eq(members.orgId, orgId),
    eq(members.userId, submittedBy),
    sql`${members.role} is ${rights?.role ?? null}`,
    sql`${grantsOf(members.orgId, members.userId)} = ${grantsText(rights?.grants ?? [])}`,
  );
  const condition: SQL = sql`exists (select 1 from ${runs} where ${isWaiting})
    and exists (select 1 from ${members} where ${isMember}) and not ${isWithdrawn(orgId, serverId)}`;
  return [
    insertWhen(renewals, { ...renewal, runId }, condition),
    sql`update ${runs} set "expiresAtMs" = ${renewal.expiresAtMs} where ${eq(runs.runId, runId)} and ${previousChanged}`,
  ];
}

/** Whether the platform signed this command anew for this run. */
export async function isRenewal(db: Database, runId: RunId, commandId: CommandId): Promise<boolean> {
  const rows = await db
    .select({ runId: renewals.runId })
    .from(renewals)
    .where(and(eq(renewals.commandId, commandId), eq(renewals.runId, runId)));
  return rows.length > 0;
}
