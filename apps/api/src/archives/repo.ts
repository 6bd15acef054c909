import type { ProjectId, RunId, ServerId, TaskId, WorkspaceId } from "@quarterdeck/core/ids";
import type { ArchivedProject, MadeArchive } from "@quarterdeck/core/protocol/archive-report";
import { and, desc, eq, isNull, ne, sql, type SQL } from "drizzle-orm";
import { alias } from "drizzle-orm/sqlite-core";
import { nameOfUser } from "../auth/service-columns.ts";
import type { TenantScope } from "../auth/scope.ts";
import type { Database } from "../db/database.ts";
import { insertWhen, previousChanged } from "../db/insert-when.ts";
import { archives, isArchiveTask, projects, runs, tasks, users, workspaces } from "../db/schema.ts";
import type { ArchiveListView, ArchiveOwner, ArchiveView, Removal } from "./views.ts";

/** As many as are shown: more than can be kept, so what is there is always among them. */
const mostShown = 100;

const deletions = alias(runs, "deletions");

type ArchiveRow = Omit<ArchiveView, "projects"> & { readonly projects: readonly ArchivedProject[] };

function isOf({ orgId }: TenantScope, { workspaceId, projectId }: ArchiveOwner): SQL | undefined {
  return and(
    eq(archives.orgId, orgId),
    eq(archives.workspaceId, workspaceId),
    projectId === null ? isNull(archives.projectId) : eq(archives.projectId, projectId),
  );
}

function selectArchives(db: Database) {
  return db
    .select({
      archiveId: archives.archiveId,
      taskId: archives.taskId,
      madeBy: nameOfUser(),
      madeAtMs: archives.madeAtMs,
      sizeBytes: archives.sizeBytes,
      sha256: archives.sha256,
      projects: archives.projects,
      state: sql<ArchiveView["state"]>`case when ${archives.removal} is not null then 'removed'
        when ${deletions.state} <> 'ended' then 'deleting' else 'kept' end`,
      removal: archives.removal,
      removedAtMs: archives.removedAtMs,
    })
    .from(archives)
    .innerJoin(tasks, and(eq(tasks.orgId, archives.orgId), eq(tasks.taskId, archives.taskId)))
    .innerJoin(users, eq(users.userId, tasks.submittedBy))
    .leftJoin(deletions, and(eq(deletions.orgId, archives.orgId), eq(deletions.taskId, archives.deleteTaskId)));
}

export async function listArchiveRows(db: Database, scope: TenantScope, owner: ArchiveOwner): Promise<ArchiveRow[]> {
  return selectArchives(db)
    .where(isOf(scope, owner))
    .orderBy(desc(archives.madeAtMs), desc(archives.archiveId))
    .limit(mostShown);
}

export async function findArchiveRow(
  db: Database,
  scope: TenantScope,
  { owner, archiveId }: { readonly owner: ArchiveOwner; readonly archiveId: RunId },
): Promise<ArchiveRow | null> {
  const [row] = await selectArchives(db).where(and(isOf(scope, owner), eq(archives.archiveId, archiveId)));
  return row ?? null;
}

/** How many archives of it are kept. */
export async function readKeeps(db: Database, { orgId }: TenantScope, owner: ArchiveOwner): Promise<number | null> {
  const [row] =
    owner.kind === "project"
      ? await db
          .select({ keeps: projects.archivesKept })
          .from(projects)
          .where(and(eq(projects.orgId, orgId), eq(projects.projectId, owner.projectId)))
      : await db
          .select({ keeps: workspaces.archivesKept })
          .from(workspaces)
          .where(and(eq(workspaces.orgId, orgId), eq(workspaces.workspaceId, owner.workspaceId)));
  return row?.keeps ?? null;
}

export function writeKeeps({ orgId }: TenantScope, owner: ArchiveOwner, keeps: number): SQL {
  return owner.kind === "project"
    ? sql`update ${projects} set "archivesKept" = ${keeps} where ${and(eq(projects.orgId, orgId), eq(projects.projectId, owner.projectId))}`
    : sql`update ${workspaces} set "archivesKept" = ${keeps} where ${and(eq(workspaces.orgId, orgId), eq(workspaces.workspaceId, owner.workspaceId))}`;
}

/** Tasks that make, restore or delete an archive of it: of a project also those of its workspace, of a workspace those of all its projects. */
function isAbout({ workspaceId, projectId }: ArchiveOwner): SQL {
  const ofProject =
    projectId === null ? sql`true` : sql`(${tasks.projectId} is null or ${tasks.projectId} = ${projectId})`;
  return sql`${tasks.workspaceId} = ${workspaceId} and ${isArchiveTask} and ${ofProject} and ${runs.state} <> 'ended'`;
}

export async function findUnderWay(
  db: Database,
  { orgId }: TenantScope,
  owner: ArchiveOwner,
): Promise<{ taskId: TaskId; action: string } | null> {
  const [row] = await db
    .select({ taskId: tasks.taskId, action: tasks.action })
    .from(tasks)
    .innerJoin(runs, and(eq(runs.orgId, tasks.orgId), eq(runs.taskId, tasks.taskId)))
    .where(and(eq(tasks.orgId, orgId), isAbout(owner)))
    .orderBy(desc(tasks.submittedAtMs))
    .limit(1);
  return row ?? null;
}

/** The newest task about its own archives, where that has ended otherwise than well. */
export async function findProblem(
  db: Database,
  { orgId }: TenantScope,
  { workspaceId, projectId }: ArchiveOwner,
): Promise<ArchiveListView["problem"]> {
  const isOwn = projectId === null ? isNull(tasks.projectId) : eq(tasks.projectId, projectId);
  const [newest] = await db
    .select({
      taskId: tasks.taskId,
      action: tasks.action,
      message: runs.message,
      state: runs.state,
      verdict: runs.verdict,
    })
    .from(tasks)
    .innerJoin(runs, and(eq(runs.orgId, tasks.orgId), eq(runs.taskId, tasks.taskId)))
    .where(and(eq(tasks.orgId, orgId), eq(tasks.workspaceId, workspaceId), isArchiveTask, isOwn))
    .orderBy(desc(tasks.submittedAtMs), desc(tasks.taskId))
    .limit(1);
  if (newest === undefined || newest.state !== "ended" || newest.verdict === "succeeded") return null;
  const { taskId, action, message } = newest;
  return { taskId, action, message };
}

/** True while nothing is done with its archives. */
export function nothingUnderWay(owner: ArchiveOwner): SQL {
  return sql`not exists (
    select 1 from ${tasks} inner join ${runs} on ${runs.orgId} = ${tasks.orgId} and ${runs.taskId} = ${tasks.taskId}
    where ${isAbout(owner)})`;
}

/** True while nothing but reads is to run, or runs, in a workspace. */
export function nothingRuns({ serverId, workspaceId }: { serverId: ServerId; workspaceId: WorkspaceId }): SQL {
  const isOpen = and(eq(runs.serverId, serverId), sql`${runs.state} in ('queued', 'dispatched', 'running')`);
  return sql`not exists (
    select 1 from ${runs} inner join ${tasks} on ${tasks.orgId} = ${runs.orgId} and ${tasks.taskId} = ${runs.taskId}
    where ${isOpen} and ${tasks.workspaceId} = ${workspaceId} and ${tasks.isListed})`;
}

/** True while it is on its server, as far as is known. */
export function isKept(scope: TenantScope, { owner, archiveId }: { owner: ArchiveOwner; archiveId: RunId }): SQL {
  return sql`exists (select 1 from ${archives} where ${and(isOf(scope, owner), eq(archives.archiveId, archiveId), isNull(archives.removal))})`;
}

/** Notes which task is to delete it, where the statement before changed something. */
export function noteDeletion(scope: TenantScope, { archiveId, taskId }: { archiveId: RunId; taskId: TaskId }): SQL {
  return sql`update ${archives} set "deleteTaskId" = ${taskId}
    where ${and(eq(archives.orgId, scope.orgId), eq(archives.archiveId, archiveId))} and ${previousChanged}`;
}

/** A run that has made or deleted archives. */
export interface ArchiveRun {
  readonly runId: RunId;
  readonly taskId: TaskId;
  readonly serverId: ServerId;
  readonly workspaceId: WorkspaceId;
  readonly projectId: ProjectId | null;
}

/** Records an archive, where the statement before changed something. */
export function insertArchive(
  { orgId }: TenantScope,
  { runId, taskId, serverId, workspaceId, projectId }: ArchiveRun,
  { sizeBytes, sha256, projects: contents, madeAtMs }: MadeArchive & { readonly madeAtMs: number },
): SQL {
  const row = { archiveId: runId, orgId, taskId, serverId, workspaceId, projectId, sizeBytes, sha256, madeAtMs };
  return insertWhen(archives, { ...row, projects: contents }, previousChanged);
}

/**
 * Records which archives are gone, where the statement before changed something. One thing at a time is done with them, so there is none
 * that the run did not know yet.
 */
export function recordRemovals(
  { orgId }: TenantScope,
  { taskId, serverId, workspaceId, projectId }: ArchiveRun,
  { kept, atMs, removal }: { readonly kept: readonly RunId[]; readonly atMs: number; readonly removal: Removal },
): SQL {
  const owner = projectId === null ? isNull(archives.projectId) : eq(archives.projectId, projectId);
  const isGone = and(
    eq(archives.orgId, orgId),
    eq(archives.serverId, serverId),
    eq(archives.workspaceId, workspaceId),
    owner,
    isNull(archives.removal),
    ...kept.map((runId) => ne(archives.archiveId, runId)),
  );
  return sql`update ${archives} set removal = case when "deleteTaskId" = ${taskId} then 'deleted' else ${removal} end, "removedAtMs" = ${atMs}
    where ${isGone} and ${previousChanged}`;
}
