import type { ProjectId, RunId, ServerId, TaskId, UserId, WorkspaceId } from "@quarterdeck/core/ids";
import type { Priority } from "@quarterdeck/core/protocol/command";
import type { Verdict } from "@quarterdeck/core/protocol/result";
import { and, desc, eq, inArray, isNull, lt, ne, or, sql, type SQL } from "drizzle-orm";
import { alias } from "drizzle-orm/sqlite-core";
import { isWithin } from "../auth/reach.ts";
import type { Place } from "../auth/rights.ts";
import type { Reach, TenantScope } from "../auth/scope.ts";
import type { ReadableRun } from "../content/stream-keys.ts";
import type { Database } from "../db/database.ts";
import { prepared } from "../db/prepared.ts";
import { projects, runs, servers, tasks, users, workspaces } from "../db/schema.ts";
import { isGivenUp } from "../relay/session/run-transition.ts";
import { serverNameFor } from "../sharing/reach-conditions.ts";
import type { ResolutionOutcome, RunState, TaskView } from "./views.ts";

/** A task with its newest run, and what explains why it waits. */
export interface TaskRecord {
  readonly view: Omit<TaskView, "waiting">;
  readonly bodyHash: string;
  /** Sealed with the master key. */
  readonly secretInput: string | null;
  readonly quote: string | null;
  readonly tail: string | null;
  readonly serverStatus: "online" | "offline" | "new";
  /** Whether the relay has stored the run's command. */
  readonly isAtRelay: boolean;
  readonly keyFingerprint: string;
  readonly sealingKey: string;
}

const resolvers = alias(users, "resolvers");

function selectTasks(db: Database) {
  return db
    .select({
      task: tasks,
      run: runs,
      workspaceName: workspaces.name,
      projectName: projects.name,
      server: {
        name: serverNameFor(tasks.orgId),
        status: servers.status,
        outboxThrough: servers.outboxThrough,
        keyFingerprint: servers.keyFingerprint,
        sealingKey: servers.sealingKey,
      },
      submittedBy: users.email,
      resolvedBy: resolvers.email,
    })
    .from(tasks)
    .innerJoin(runs, and(eq(runs.orgId, tasks.orgId), eq(runs.taskId, tasks.taskId)))
    .innerJoin(workspaces, eq(workspaces.workspaceId, tasks.workspaceId))
    .innerJoin(servers, eq(servers.serverId, tasks.serverId))
    .innerJoin(users, eq(users.userId, tasks.submittedBy))
    .leftJoin(resolvers, eq(resolvers.userId, runs.resolvedBy))
    .leftJoin(projects, eq(projects.projectId, tasks.projectId));
}

type Row = Awaited<ReturnType<typeof selectTasks>>[number];

function toRecord({ task, run, workspaceName, projectName, server, submittedBy, resolvedBy }: Row): TaskRecord {
  return {
    view: {
      taskId: task.taskId,
      runId: run.runId,
      orgId: task.orgId,
      workspaceId: task.workspaceId,
      workspaceName,
      projectId: task.projectId,
      projectName,
      serverId: task.serverId,
      serverName: server.name,
      action: task.action,
      params: task.params,
      priority: task.priority,
      demand: task.demand,
      state: run.state,
      isCancelling: run.cancelAskedAtMs !== null && run.state !== "ended",
      verdict: run.verdict,
      exitCode: run.exitCode,
      signal: run.signal,
      code: run.code,
      message: run.message,
      resolution: toResolution(run, resolvedBy),
      rerunOf: task.rerunOf,
      after: [...task.after],
      isParallel: task.isParallel,
      isDetached: task.isDetached,
      isLate: run.leaseEndedAtMs !== null && !isGivenUp(run),
      submittedBy,
      submittedAtMs: task.submittedAtMs,
      dispatchedAtMs: run.dispatchedAtMs,
      startedAtMs: run.startedAtMs,
      endedAtMs: run.endedAtMs,
      durationMs: run.durationMs,
      outputBytes: run.outputBytes,
      outputCutBytes: run.outputCutBytes,
      cpuMs: run.cpuMs,
      peakMemory: run.peakMemory,
    },
    bodyHash: task.bodyHash,
    secretInput: task.secretInput,
    quote: run.quote,
    tail: run.tail,
    serverStatus: server.status,
    isAtRelay: run.outboxPosition <= server.outboxThrough,
    keyFingerprint: server.keyFingerprint,
    sealingKey: server.sealingKey,
  };
}

function toResolution(run: Row["run"], by: string | null): TaskView["resolution"] {
  const { resolution: outcome, resolvedAtMs: atMs, rerunTaskId } = run;
  return outcome === null || atMs === null ? null : { outcome, by: by ?? "", atMs, rerunTaskId };
}

const oneTask = prepared((db) =>
  selectTasks(db)
    .where(and(eq(tasks.orgId, sql.placeholder("orgId")), eq(tasks.taskId, sql.placeholder("taskId"))))
    .prepare(),
);

export async function findTask(db: Database, { orgId }: TenantScope, taskId: TaskId): Promise<TaskRecord | null> {
  const [row] = await oneTask(db).all({ orgId, taskId });
  return row === undefined ? null : toRecord(row);
}

const knownTask = prepared((db) =>
  db
    .select({ taskId: tasks.taskId })
    .from(tasks)
    .where(and(eq(tasks.orgId, sql.placeholder("orgId")), eq(tasks.taskId, sql.placeholder("taskId"))))
    .prepare(),
);

/** Whether there is a task with this id; what it is takes longer to read. */
export async function isTaskKnown(db: Database, { orgId }: TenantScope, taskId: TaskId): Promise<boolean> {
  return (await knownTask(db).all({ orgId, taskId })).length > 0;
}

export interface TaskFilter {
  readonly workspaceId?: WorkspaceId | undefined;
  readonly projectId?: ProjectId | undefined;
  readonly serverId?: ServerId | undefined;
  /** Only what was submitted before this task. */
  readonly before: { submittedAtMs: number; taskId: TaskId } | null;
  readonly limit: number;
}

/** The history of what the caller may see, newest first. */
export async function listTaskRows(db: Database, reach: Reach, filter: TaskFilter): Promise<TaskRecord[]> {
  const { before } = filter;
  const isBefore =
    before === null
      ? undefined
      : or(
          lt(tasks.submittedAtMs, before.submittedAtMs),
          and(eq(tasks.submittedAtMs, before.submittedAtMs), lt(tasks.taskId, before.taskId)),
        );
  const rows = await selectTasks(db)
    .where(
      and(
        eq(tasks.orgId, reach.orgId),
        eq(tasks.isListed, true),
        isWithin(reach, tasks),
        filter.workspaceId === undefined ? undefined : eq(tasks.workspaceId, filter.workspaceId),
        filter.projectId === undefined ? undefined : eq(tasks.projectId, filter.projectId),
        filter.serverId === undefined ? undefined : eq(tasks.serverId, filter.serverId),
        isBefore,
      ),
    )
    .orderBy(desc(tasks.submittedAtMs), desc(tasks.taskId))
    .limit(filter.limit);
  return rows.map(toRecord);
}

/** Those of these runs that exist on this server, where they belong, and whose content theirs is. */
export async function listRunsOnServer(
  db: Database,
  scope: TenantScope,
  { serverId, runIds }: { serverId: ServerId; runIds: readonly RunId[] },
): Promise<(ReadableRun & Place)[]> {
  if (runIds.length === 0) return [];
  const rows = await db
    .select({ runId: runs.runId, projectId: tasks.projectId, workspaceId: tasks.workspaceId })
    .from(runs)
    .innerJoin(tasks, and(eq(tasks.orgId, runs.orgId), eq(tasks.taskId, runs.taskId)))
    .where(and(eq(runs.orgId, scope.orgId), eq(runs.serverId, serverId), inArray(runs.runId, [...runIds])));
  return rows.map(({ runId, ...place }) => ({ runId, ...place, ownerId: place.projectId ?? place.workspaceId }));
}

/** The workspace that a run belongs to, if it is of this org. */
export async function findWorkspaceOfRun(db: Database, scope: TenantScope, runId: RunId): Promise<WorkspaceId | null> {
  const [row] = await db
    .select({ workspaceId: tasks.workspaceId })
    .from(runs)
    .innerJoin(tasks, and(eq(tasks.orgId, runs.orgId), eq(tasks.taskId, runs.taskId)))
    .where(and(eq(runs.orgId, scope.orgId), eq(runs.runId, runId)));
  return row?.workspaceId ?? null;
}

/** A task that another one is to follow. */
export interface Predecessor {
  readonly runId: RunId;
  readonly state: RunState;
  readonly verdict: Verdict | null;
  readonly resolution: ResolutionOutcome | null;
}

/** Those of these tasks that are in this workspace. */
export async function listPredecessors(
  db: Database,
  { orgId }: TenantScope,
  { taskIds, workspaceId }: { taskIds: readonly TaskId[]; workspaceId: WorkspaceId },
): Promise<Predecessor[]> {
  const { runId, state, verdict, resolution } = runs;
  return db
    .select({ runId, state, verdict, resolution })
    .from(tasks)
    .innerJoin(runs, and(eq(runs.orgId, tasks.orgId), eq(runs.taskId, tasks.taskId)))
    .where(and(eq(tasks.orgId, orgId), inArray(tasks.taskId, [...taskIds]), eq(tasks.workspaceId, workspaceId)));
}

/** Notes that a run is to be cancelled, once, unless it has ended. */
export function askToCancel(
  scope: TenantScope,
  { runId, platformKey, nowMs }: { runId: RunId; platformKey: string; nowMs: number },
): SQL {
  return sql`update ${runs} set "cancelAskedAtMs" = ${nowMs}, "cancelKey" = ${platformKey}
    where ${and(eq(runs.orgId, scope.orgId), eq(runs.runId, runId), ne(runs.state, "ended"), isNull(runs.cancelAskedAtMs))}`;
}

/** Puts a task that waits into another band, unless it is in another one than before. */
export function writePriority(
  { orgId }: TenantScope,
  { taskId, before, after }: { taskId: TaskId; before: Priority; after: Priority },
): SQL {
  const isWaiting = and(
    eq(runs.orgId, orgId),
    eq(runs.taskId, taskId),
    eq(runs.state, "queued"),
    isNull(runs.cancelAskedAtMs),
  );
  return sql`update ${tasks} set priority = ${after} where ${and(eq(tasks.orgId, orgId), eq(tasks.taskId, taskId))}
    and priority = ${before} and priority <> ${after} and exists (select 1 from ${runs} where ${isWaiting})`;
}

/** True while the outcome of a task's run is unknown and nobody has decided about it. */
export function isOutcomeOpen(scope: TenantScope, taskId: TaskId): SQL {
  return sql`exists (select 1 from ${runs} where ${hasOpenOutcome(scope, taskId)})`;
}

/** Records what someone decided about an outcome that is unknown, once. */
export function resolveRun(
  scope: TenantScope,
  decision: {
    taskId: TaskId;
    outcome: ResolutionOutcome;
    userId: UserId;
    nowMs: number;
    rerunTaskId: TaskId | null;
  },
  condition: SQL,
): SQL {
  return sql`update ${runs} set resolution = ${decision.outcome}, "resolvedBy" = ${decision.userId},
    "resolvedAtMs" = ${decision.nowMs}, "rerunTaskId" = ${decision.rerunTaskId}
    where ${hasOpenOutcome(scope, decision.taskId)} and ${condition}`;
}

function hasOpenOutcome(scope: TenantScope, taskId: TaskId): SQL | undefined {
  return and(
    eq(runs.orgId, scope.orgId),
    eq(runs.taskId, taskId),
    eq(runs.verdict, "indeterminate"),
    isNull(runs.resolution),
  );
}
