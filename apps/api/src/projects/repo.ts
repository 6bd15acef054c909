import type { ProjectId, TaskId, WorkspaceId } from "@quarterdeck/core/ids";
import { and, asc, eq, sql, type SQL } from "drizzle-orm";
import { isWithin } from "../auth/reach.ts";
import type { Reach, TenantScope } from "../auth/scope.ts";
import type { Database } from "../db/database.ts";
import { insertWhen } from "../db/insert-when.ts";
import { prepared } from "../db/prepared.ts";
import { projects, workspaces } from "../db/schema.ts";
import { nameKeys } from "../names/name-keys.ts";
import { isNameFree } from "../names/taken-names.ts";
import type { ProjectPrograms } from "@quarterdeck/core/programs/project-programs";
import {
  defaultTestCommand,
  type ProjectNetwork,
  type ProjectView,
  type StoredRepository,
  type TestCommand,
} from "./views.ts";

/** A project as the services know it. */
export interface Project extends Omit<ProjectView, "repository"> {
  readonly repository: StoredRepository | null;
}

function selectProjects(db: Database) {
  return db
    .select({
      projectId: projects.projectId,
      workspaceId: projects.workspaceId,
      workspaceName: workspaces.name,
      serverId: workspaces.serverId,
      name: projects.name,
      url: projects.url,
      branch: projects.branch,
      repository: projects.repository,
      state: projects.state,
      cloneRunTaskId: projects.cloneTaskId,
      cloneMessage: projects.cloneMessage,
      testCommand: projects.testCommand,
      network: projects.network,
      lifecycle: projects.lifecycle,
      programs: projects.programs,
      createdAtMs: projects.createdAtMs,
    })
    .from(projects)
    .innerJoin(workspaces, eq(workspaces.workspaceId, projects.workspaceId));
}

const isOwn = (scope: TenantScope, projectId: ProjectId) =>
  and(eq(projects.orgId, scope.orgId), eq(projects.projectId, projectId));

/** Those that the caller may see. */
export async function listProjectRows(db: Database, reach: Reach, workspaceId: WorkspaceId): Promise<Project[]> {
  return selectProjects(db)
    .where(and(eq(projects.orgId, reach.orgId), eq(projects.workspaceId, workspaceId), isWithin(reach, projects)))
    .orderBy(asc(projects.createdAtMs));
}

const oneProject = prepared((db) =>
  selectProjects(db)
    .where(and(eq(projects.orgId, sql.placeholder("orgId")), eq(projects.projectId, sql.placeholder("projectId"))))
    .prepare(),
);

export async function findProject(db: Database, { orgId }: TenantScope, projectId: ProjectId): Promise<Project | null> {
  const [row] = await oneProject(db).all({ orgId, projectId });
  return row ?? null;
}

/** Whether a workspace of the org has no project of this name, or of one like it. */
export function isFreeName(scope: TenantScope, { workspaceId, name }: Pick<Project, "workspaceId" | "name">): SQL {
  return sql`exists (select 1 from ${workspaces} where ${and(eq(workspaces.workspaceId, workspaceId), eq(workspaces.orgId, scope.orgId))})
    and ${isNameFree(namedProject({ workspaceId, name }))}`;
}

/** The name among those of the workspace's projects. */
export function namedProject({ workspaceId, name }: Pick<Project, "workspaceId" | "name">) {
  return { table: projects, name, among: eq(projects.workspaceId, workspaceId) };
}

/** Inserts a project that is being cloned. */
export function insertProject(
  scope: TenantScope,
  project: {
    projectId: ProjectId;
    workspaceId: WorkspaceId;
    name: string;
    url: string;
    branch: string | null;
    cloneTaskId: TaskId;
    createdAtMs: number;
  },
  condition: SQL,
): SQL {
  return insertWhen(
    projects,
    {
      ...project,
      ...nameKeys(project.name),
      orgId: scope.orgId,
      state: "cloning",
      testCommand: defaultTestCommand,
    },
    condition,
  );
}

/** Lets a project whose clone failed be cloned by another task. */
export function restartClone(scope: TenantScope, { projectId, taskId }: { projectId: ProjectId; taskId: TaskId }): SQL {
  return sql`update ${projects} set state = 'cloning', "cloneTaskId" = ${taskId}, "cloneMessage" = null
    where ${and(isOwn(scope, projectId), eq(projects.state, "cloneFailed"))}`;
}

export function updateTestCommand(
  scope: TenantScope,
  { projectId, testCommand }: { projectId: ProjectId; testCommand: TestCommand },
): SQL {
  return sql`update ${projects} set "testCommand" = ${JSON.stringify(testCommand)} where ${isOwn(scope, projectId)}`;
}

export function updateNetwork(
  scope: TenantScope,
  { projectId, network }: { projectId: ProjectId; network: ProjectNetwork },
): SQL {
  return sql`update ${projects} set network = ${JSON.stringify(network)} where ${isOwn(scope, projectId)}`;
}

export function updatePrograms(
  scope: TenantScope,
  { projectId, programs }: { projectId: ProjectId; programs: ProjectPrograms },
): SQL {
  return sql`update ${projects} set "programs" = ${JSON.stringify(programs)} where ${isOwn(scope, projectId)}`;
}

const programsOf = prepared((db) =>
  db
    .select({ programs: projects.programs })
    .from(projects)
    .where(and(eq(projects.orgId, sql.placeholder("orgId")), eq(projects.projectId, sql.placeholder("projectId"))))
    .prepare(),
);

/** What a project allows of its programs, as it is now. */
export async function findPrograms(
  db: Database,
  { orgId }: Pick<TenantScope, "orgId">,
  projectId: ProjectId,
): Promise<ProjectPrograms | null> {
  const [row] = await programsOf(db).all({ orgId, projectId });
  return row?.programs ?? null;
}
