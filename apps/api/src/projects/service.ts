import { parseGitUrl } from "@quarterdeck/core/actions/git-url";
import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import type { ProjectId, TaskId, WorkspaceId } from "@quarterdeck/core/ids";
import { sql } from "drizzle-orm";
import { recordAudit } from "../audit/repo.ts";
import type { OrgScope } from "../auth/scope.ts";
import { previousChanged } from "../db/insert-when.ts";
import { recordChange } from "../events/repo.ts";
import { whyNameTaken } from "../names/taken-names.ts";
import { addQuotaNode, keepPlace, takePlace, whyNoPlace } from "../quotas/counted-places.ts";
import { enqueueLimits, hasQuotas, serversOf } from "../quotas/repo.ts";
import type { Runtime } from "../runtime.ts";
import { requireUsableServer } from "../servers/service.ts";
import { checkDemand } from "../tasks/check-demand.ts";
import { planTask, type TaskPlan } from "../tasks/plan-task.ts";
import { requireTask, toTaskView } from "../tasks/service.ts";
import type { TaskView } from "../tasks/views.ts";
import { requireWorkspace } from "../workspaces/service.ts";
import {
  insertProject,
  isFreeName,
  listProjectRows,
  namedProject,
  restartClone,
  updateNetwork,
  updateTestCommand,
  type Project,
} from "./repo.ts";
import { requireProject } from "./require-project.ts";
import type { ProjectNetwork, ProjectView, TestCommand } from "./views.ts";

export async function listProjects(
  runtime: Runtime,
  scope: OrgScope,
  workspaceId: WorkspaceId,
): Promise<ProjectView[]> {
  await requireWorkspace(runtime, scope, workspaceId);
  return toViews(runtime, scope, await listProjectRows(runtime.db, scope, workspaceId));
}

export async function getProject(runtime: Runtime, scope: OrgScope, projectId: ProjectId): Promise<ProjectView> {
  const project = await requireProject(runtime, scope, projectId);
  const [view] = await toViews(runtime, scope, [project]);
  if (view === undefined) throw new Error(`${projectId} has no view`);
  return view;
}

/** Adds what opens the sealed part of what is known of their repositories. */
async function toViews(runtime: Runtime, scope: OrgScope, projects: readonly Project[]): Promise<ProjectView[]> {
  const runs = projects.flatMap(({ projectId, repository }) =>
    repository === null ? [] : [{ runId: repository.runId, ownerId: projectId }],
  );
  const keys = await runtime.streamKeys.contentKeys(scope, runs);
  return projects.map(({ repository, ...project }) => ({
    ...project,
    repository: repository && { ...repository, contentKeys: keys.get(repository.runId) ?? [] },
  }));
}

interface NewProject {
  readonly workspaceId: WorkspaceId;
  readonly name: string;
  readonly url: string;
  readonly branch?: string | undefined;
}

/** Makes a project and the task that clones it onto its workspace's server. */
export async function createProjectFromGit(
  runtime: Runtime,
  scope: OrgScope,
  { workspaceId, name, url, branch }: NewProject,
): Promise<{ project: ProjectView; task: TaskView }> {
  const workspace = await requireWorkspace(runtime, scope, workspaceId);
  const parsed = parseGitUrl(url, { allowLoopbackHttp: runtime.env.mode === "embedded" });
  if (!parsed.ok) throw new QuarterdeckError(parsed.error.code, parsed.error.message);
  const projectId = runtime.makeId("project");
  const taskId = runtime.makeId("task");
  const nowMs = runtime.clock.nowMs();
  const { orgId, userId, address } = scope;
  const project = {
    projectId,
    workspaceId,
    name,
    url: parsed.value,
    branch: branch ?? null,
    cloneTaskId: taskId,
    createdAtMs: nowMs,
  };
  const plan = await planClone(runtime, scope, { ...project, serverId: workspace.serverId, existing: null });
  const place = { id: projectId, nodeId: workspaceId, resource: "projects" } as const;
  const [, inserted] = await runtime.writer.commit([
    takePlace(place, isFreeName(scope, project)),
    insertProject(scope, project, previousChanged),
    addQuotaNode({ id: projectId, parentId: workspaceId }),
    keepPlace(place),
    ...(await planTask(runtime, scope, plan, previousChanged)),
    recordAudit(
      runtime,
      {
        orgId,
        actor: userId,
        address,
        action: "project.create",
        subject: projectId,
        outcome: "done",
        detail: parsed.value,
      },
      previousChanged,
    ),
    recordChange(scope, { kind: "project", id: projectId, atMs: nowMs }, previousChanged),
    recordChange(scope, { kind: "workspace", id: workspaceId, atMs: nowMs }, previousChanged), // It has a project more.
    ...enqueueLimits(
      scope,
      { which: serversOf(projectId), nowMs, factors: runtime.env.quotas.lifecycle },
      sql`changes() > 0 and ${hasQuotas(scope)}`,
    ),
  ]);
  if (inserted?.rowsChanged !== 1) {
    const full = await whyNoPlace(runtime, scope, place);
    if (full) throw full;
    const taken = await whyNameTaken(runtime.db, namedProject(project), "project");
    throw taken ?? new QuarterdeckError("CONFLICT", "The project could not be made as things are now. Try again.");
  }
  runtime.nudgeOutbox();
  const task = toTaskView(runtime, await requireTask(runtime, scope, taskId));
  return { project: await getProject(runtime, scope, projectId), task };
}

/** Clones a project again whose clone failed. */
export async function retryClone(runtime: Runtime, scope: OrgScope, projectId: ProjectId): Promise<TaskView> {
  const project = await requireProject(runtime, scope, projectId);
  const taskId = runtime.makeId("task");
  const plan = await planClone(runtime, scope, { ...project, cloneTaskId: taskId, existing: project });
  const [restarted] = await runtime.writer.commit([
    restartClone(scope, { projectId, taskId }),
    ...(await planTask(runtime, scope, plan, previousChanged)),
    recordChange(scope, { kind: "project", id: projectId, atMs: runtime.clock.nowMs() }, previousChanged),
  ]);
  if (restarted?.rowsChanged !== 1) {
    const now = await requireProject(runtime, scope, projectId);
    if (now.state === "ready") throw new QuarterdeckError("CONFLICT", `${now.name} has been cloned already.`);
    return toTaskView(runtime, await requireTask(runtime, scope, now.cloneRunTaskId)); // It is being cloned.
  }
  runtime.nudgeOutbox();
  return toTaskView(runtime, await requireTask(runtime, scope, taskId));
}

async function planClone(
  runtime: Runtime,
  scope: OrgScope,
  project: Pick<Project, "projectId" | "workspaceId" | "serverId" | "url" | "branch"> & {
    cloneTaskId: TaskId;
    /** Null while it is only being made. */
    existing: Project | null;
  },
): Promise<TaskPlan> {
  const { cloneTaskId, projectId, workspaceId, serverId, url, branch, existing } = project;
  const server = await requireUsableServer(runtime, scope, serverId);
  const workspace = await requireWorkspace(runtime, scope, workspaceId);
  await checkDemand(runtime, scope, { action: "project.clone", demand: null, workspace, project: existing, server });
  return {
    taskId: cloneTaskId,
    server,
    workspaceId,
    projectId,
    action: "project.clone",
    params: branch === null ? { url } : { url, branch },
    secretInput: null,
    priority: "normal",
  };
}

export async function setTestCommand(
  runtime: Runtime,
  scope: OrgScope,
  { projectId, program, args }: TestCommand & { projectId: ProjectId },
): Promise<ProjectView> {
  const { orgId, userId, address } = scope;
  await runtime.writer.commit([
    updateTestCommand(scope, { projectId, testCommand: { program, args } }),
    recordAudit(
      runtime,
      {
        orgId,
        actor: userId,
        address,
        action: "project.setTestCommand",
        subject: projectId,
        outcome: "done",
        detail: program,
      },
      previousChanged,
    ),
    recordChange(scope, { kind: "project", id: projectId, atMs: runtime.clock.nowMs() }, previousChanged),
  ]);
  return getProject(runtime, scope, projectId);
}

/** Says what a project's runs may reach from now on. Runs that go on keep what they have. */
export async function setNetwork(
  runtime: Runtime,
  scope: OrgScope,
  { projectId, network }: { projectId: ProjectId; network: ProjectNetwork },
): Promise<ProjectView> {
  if (network.mode === "allowList" && network.hosts.length === 0) {
    throw new QuarterdeckError("BAD_REQUEST", "Name at least one host, or choose that runs reach nothing.");
  }
  const { orgId, userId, address } = scope;
  const { mode, hosts } = network;
  const detail = (mode === "allowList" ? `${mode}: ${hosts.join(", ")}` : mode).slice(0, 500);
  await runtime.writer.commit([
    updateNetwork(scope, { projectId, network }),
    recordAudit(
      runtime,
      { orgId, actor: userId, address, action: "project.setNetwork", subject: projectId, outcome: "done", detail },
      previousChanged,
    ),
    recordChange(scope, { kind: "project", id: projectId, atMs: runtime.clock.nowMs() }, previousChanged),
  ]);
  return getProject(runtime, scope, projectId);
}
