import type { Effect } from "@quarterdeck/core/actions/catalogue";
import type { TaskDemand } from "@quarterdeck/core/actions/task-demand";
import type { CommandId, OrgId, ProjectId, RunId, ServerId, TaskId, UserId, WorkspaceId } from "@quarterdeck/core/ids";
import type { Priority } from "@quarterdeck/core/protocol/command";
import type { Verdict } from "@quarterdeck/core/protocol/result";
import { sql } from "drizzle-orm";
import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import type { ResolutionOutcome, RunState, TaskParams } from "../../tasks/views.ts";
import { users } from "./accounts.ts";
import { orgs } from "./orgs.ts";
import { workspaces, projects } from "./projects.ts";
import { servers } from "./servers.ts";

const noTasks: readonly TaskId[] = [];

/** Without values of its own, so that the index of the same name serves whoever asks with it. */
export const isFreezeTask = sql`"action" in ('workspace.freeze', 'workspace.thaw')`;

/** Likewise. The list of `archiveActions`. */
export const isArchiveTask = sql`"action" in ('project.archive', 'project.restore', 'project.deleteArchive', 'workspace.archive', 'workspace.restore', 'workspace.deleteArchive')`;

export const tasks = sqliteTable(
  "tasks",
  {
    orgId: text()
      .$type<OrgId>()
      .notNull()
      .references(() => orgs.orgId),
    /** Made by the client, so it is unique within the org only. */
    taskId: text().$type<TaskId>().notNull(),
    workspaceId: text()
      .$type<WorkspaceId>()
      .notNull()
      .references(() => workspaces.workspaceId),
    projectId: text()
      .$type<ProjectId>()
      .references(() => projects.projectId),
    serverId: text()
      .$type<ServerId>()
      .notNull()
      .references(() => servers.serverId),
    action: text().notNull(),
    effect: text().$type<Effect>().notNull(),
    params: text({ mode: "json" }).$type<TaskParams>().notNull(),
    priority: text().$type<Priority>().notNull(),
    bodyHash: text().notNull(),
    /** Shown in the history. */
    isListed: integer({ mode: "boolean" }).notNull(),
    submittedBy: text()
      .$type<UserId>()
      .notNull()
      .references(() => users.userId),
    submittedAtMs: integer().notNull(),
    /** Its environment and standard input, sealed with the master key; deleted when nothing needs them any more. */
    secretInput: text(),
    /** The task that it repeats, because that one's outcome is unknown. */
    rerunOf: text().$type<TaskId>(),
    /** Tasks that must have succeeded before it starts. */
    after: text({ mode: "json" }).$type<readonly TaskId[]>().notNull().default(noTasks),
    /** Whether it may run beside other tasks of its project. */
    isParallel: integer({ mode: "boolean" }).notNull().default(false),
    /** What it said of its demand; null: it is as its action's. */
    demand: text({ mode: "json" }).$type<TaskDemand>(),
    /** Whether it may go on, up to its time-out, while its server has no connection. */
    isDetached: integer({ mode: "boolean" }).notNull().default(true),
  },
  (table) => [
    primaryKey({ columns: [table.orgId, table.taskId] }),
    index("tasks_by_org").on(table.orgId, table.isListed, table.submittedAtMs), // the history, newest first
    index("tasks_by_project").on(table.projectId, table.isListed, table.submittedAtMs), // a project's history
    index("tasks_with_secrets").on(table.orgId, table.taskId).where(sql`"secretInput" is not null`), // deleting what nothing needs any more
    index("tasks_freezing").on(table.workspaceId, table.submittedAtMs).where(isFreezeTask), // whether a workspace is frozen
    index("tasks_archiving").on(table.workspaceId, table.submittedAtMs).where(isArchiveTask), // what is done with archives now
    index("tasks_by_workspace").on(table.workspaceId, table.isListed, table.submittedAtMs), // a workspace's history
  ],
);

/** Without values of its own, so that the index of the same name serves whoever asks with it. */
export const isCancelOpen = sql`"cancelAskedAtMs" is not null and "state" <> 'ended'`;

export const runs = sqliteTable(
  "runs",
  {
    runId: text().$type<RunId>().primaryKey(),
    orgId: text().$type<OrgId>().notNull(),
    taskId: text().$type<TaskId>().notNull(),
    serverId: text().$type<ServerId>().notNull(),
    commandId: text().$type<CommandId>().notNull(),
    attempt: integer().notNull(),
    /** Where its command stands in the server's outbox. */
    outboxPosition: integer().notNull(),
    /** Until when its newest signature is valid. */
    expiresAtMs: integer().notNull(),
    /** The key of the bridge that it was first signed for. Null: it is from before this was recorded. */
    keyFingerprint: text(),
    state: text().$type<RunState>().notNull(),
    cancelAskedAtMs: integer(),
    /** The platform's key that signed its newest cancel, or an older one: when nobody obeys it any more, another signs. */
    cancelKey: text(),
    verdict: text().$type<Verdict>(),
    exitCode: integer(),
    signal: text(),
    code: text(),
    message: text(),
    dispatchedAtMs: integer(),
    startedAtMs: integer(),
    endedAtMs: integer(),
    /** When the relay gave it up, because its server was away for too long. What stands here may have come later. */
    leaseEndedAtMs: integer(),
    durationMs: integer(),
    outputBytes: integer(),
    outputCutBytes: integer(),
    /** Processor time that its processes used in all, and the most memory that they had at once; null: nothing counted it. */
    cpuMs: integer(),
    peakMemory: integer(),
    /** What a program said about the failure, and the last bytes of the output: both sealed, as the bridge sent them. */
    quote: text(),
    tail: text(),
    /** What someone decided about an outcome that is unknown; the verdict stays what it is. */
    resolution: text().$type<ResolutionOutcome>(),
    resolvedBy: text()
      .$type<UserId>()
      .references(() => users.userId),
    resolvedAtMs: integer(),
    /** The task that was submitted in its place. */
    rerunTaskId: text().$type<TaskId>(),
  },
  (table) => [
    uniqueIndex("runs_by_task").on(table.orgId, table.taskId, table.attempt),
    index("runs_by_server").on(table.serverId, table.state), // how many wait for a server
    index("runs_cancelling").on(table.cancelKey).where(isCancelOpen), // whose cancel is to be signed again
  ],
);

/** The commands that were signed anew for a run (PROTOCOL 8.3). A bridge may have any of them, or the run's first. */
export const renewals = sqliteTable(
  "renewals",
  {
    commandId: text().$type<CommandId>().primaryKey(),
    runId: text()
      .$type<RunId>()
      .notNull()
      .references(() => runs.runId),
    signedAtMs: integer().notNull(),
    expiresAtMs: integer().notNull(),
  },
  (table) => [index("renewals_by_run").on(table.runId)],
);
