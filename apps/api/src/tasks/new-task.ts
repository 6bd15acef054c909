import type { TaskDemand } from "@quarterdeck/core/actions/task-demand";
import type { CommandId, ProjectId, RunId, ServerId, TaskId, UserId, WorkspaceId } from "@quarterdeck/core/ids";
import type { Priority } from "@quarterdeck/core/protocol/command";
import { and, eq, sql, type Placeholder, type SQL } from "drizzle-orm";
import type { TenantScope } from "../auth/scope.ts";
import { insertWhen, previousChanged } from "../db/insert-when.ts";
import { readyStatement } from "../db/ready-statement.ts";
import { runs, tasks, workspaces } from "../db/schema.ts";
import { headOf } from "../outbox/repo.ts";
import { isWithdrawn } from "../sharing/reach-conditions.ts";
import type { Statement } from "../writer.ts";
import { noRestoreUnderWay } from "./restore-under-way.ts";
import { firstAttempt } from "./sign-command.ts";
import type { TaskParams } from "./views.ts";

export interface NewTask {
  readonly taskId: TaskId;
  readonly workspaceId: WorkspaceId;
  readonly projectId: ProjectId | null;
  readonly serverId: ServerId;
  readonly action: string;
  readonly effect: (typeof tasks.$inferInsert)["effect"];
  readonly params: TaskParams;
  readonly secretInput: string | null;
  readonly priority: Priority;
  readonly bodyHash: string;
  readonly isListed: boolean;
  readonly submittedBy: UserId;
  readonly submittedAtMs: number;
  readonly rerunOf: TaskId | null;
  readonly after: readonly TaskId[];
  readonly isParallel: boolean;
  readonly demand: TaskDemand | null;
  readonly isDetached: boolean;
}

type TaskRow = NewTask & TenantScope;

function insertOwnTask(task: { [Name in keyof TaskRow]: TaskRow[Name] | Placeholder }, condition: SQL): SQL {
  const isOwnWorkspace = sql`exists (select 1 from ${workspaces} where ${and(
    eq(workspaces.workspaceId, task.workspaceId),
    eq(workspaces.orgId, task.orgId),
    eq(workspaces.serverId, task.serverId),
  )})`;
  const isTakenBack = isWithdrawn(task.orgId, task.serverId);
  return insertWhen(tasks, task, sql`${condition} and ${isOwnWorkspace} and not ${isTakenBack}`);
}

const insertAnyTask = readyStatement<TaskRow>((value) =>
  insertOwnTask(
    {
      orgId: value("orgId"),
      taskId: value("taskId"),
      workspaceId: value("workspaceId"),
      projectId: value("projectId"),
      serverId: value("serverId"),
      action: value("action"),
      effect: value("effect"),
      params: value("params"),
      secretInput: value("secretInput"),
      priority: value("priority"),
      bodyHash: value("bodyHash"),
      isListed: value("isListed"),
      submittedBy: value("submittedBy"),
      submittedAtMs: value("submittedAtMs"),
      rerunOf: value("rerunOf"),
      after: value("after"),
      isParallel: value("isParallel"),
      demand: value("demand"),
      isDetached: value("isDetached"),
    },
    // Who only reads changes nothing and starts nothing.
    sql`(not ${value("isListed")} or ${noRestoreUnderWay(value("workspaceId"))})`,
  ),
);

/**
 * Inserts a task in a workspace of the org; a task of the same id stays as it is.
 *
 * @param condition when it may happen besides; null: unless its workspace is being restored
 */
export function insertTask({ orgId }: TenantScope, task: NewTask, condition: SQL | null): Statement {
  const row = { ...task, orgId };
  return condition === null ? insertAnyTask(row) : insertOwnTask(row, condition);
}

export interface NewRun {
  readonly runId: RunId;
  readonly taskId: TaskId;
  readonly serverId: ServerId;
  readonly commandId: CommandId;
  readonly expiresAtMs: number;
  readonly keyFingerprint: string;
}

const insertQueuedRun = readyStatement<NewRun & TenantScope>((value) =>
  insertWhen(
    runs,
    {
      orgId: value("orgId"),
      runId: value("runId"),
      taskId: value("taskId"),
      serverId: value("serverId"),
      commandId: value("commandId"),
      expiresAtMs: value("expiresAtMs"),
      keyFingerprint: value("keyFingerprint"),
      attempt: firstAttempt,
      state: "queued",
      outboxPosition: headOf(value("serverId")),
    },
    previousChanged,
  ),
);

/** Inserts the first run of the task whose command was enqueued just before in the same unit. */
export function insertRun({ orgId }: TenantScope, run: NewRun): Statement {
  return insertQueuedRun({ ...run, orgId });
}
