import { actions, findAction, type Action, type ActionName } from "@quarterdeck/core/actions/catalogue";
import type { TaskDemand } from "@quarterdeck/core/actions/task-demand";
import { takesSecretInput, type SecretInput } from "@quarterdeck/core/actions/secret-input";
import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import type { ProjectId, RunId, TaskId, WorkspaceId } from "@quarterdeck/core/ids";
import { checkProgram } from "@quarterdeck/core/programs/check-program";
import { defaultPrograms } from "@quarterdeck/core/programs/programs";
import { usualPrograms, type ProjectPrograms } from "@quarterdeck/core/programs/project-programs";
import type { Priority } from "@quarterdeck/core/protocol/command";
import * as z from "zod";
import { forbidden } from "../auth/check-place.ts";
import { mayWith } from "../auth/rights.ts";
import type { OrgScope } from "../auth/scope.ts";
import { notFound } from "../not-found.ts";
import type { Project } from "../projects/repo.ts";
import { requireProject } from "../projects/require-project.ts";
import type { Runtime } from "../runtime.ts";
import type { Server } from "../servers/repo.ts";
import type { ReachableServer } from "../sharing/reach.ts";
import { requireLeases } from "../servers/require-leases.ts";
import { requireAction } from "../servers/require-action.ts";
import { requireSealedInput } from "../servers/require-sealed-input.ts";
import { checkUsable, requireReachableServer } from "../servers/service.ts";
import { requireWorkspace } from "../workspaces/service.ts";
import type { WorkspaceView } from "../workspaces/views.ts";
import { checkDemand } from "./check-demand.ts";
import { hashBody, planTask, type TaskOrder, type TaskPlan } from "./plan-task.ts";
import { openPredecessors } from "./predecessors.ts";
import { findTask, findWorkspaceOfRun, isTaskKnown } from "./repo.ts";
import { checkNoRestore } from "./restore-under-way.ts";
import { toTaskView } from "./service.ts";
import { permissionToSubmit } from "./submittable.ts";
import { taskParamsSchema, type TaskParams, type TaskView } from "./views.ts";

interface Submission {
  readonly taskId: TaskId;
  readonly workspaceId: WorkspaceId;
  readonly projectId: ProjectId | null;
  readonly action: string;
  readonly params: TaskParams;
  readonly secretInput: SecretInput | null;
  readonly priority: Priority;
  /** What it says of its demand; null: as its action does. */
  readonly demand: TaskDemand | null;
  /** Tasks of the same workspace that must have succeeded before it starts. */
  readonly after: readonly TaskId[];
  /** Whether it may run beside other tasks of its project. */
  readonly isParallel: boolean;
  /** Whether it may go on while its server has no connection. */
  readonly isDetached: boolean;
}

/** A submission that may be made by this caller, and what there is to check of it. */
interface PreparedSubmission {
  readonly plan: TaskPlan & { readonly order: TaskOrder };
  readonly action: Action;
  readonly workspace: WorkspaceView;
  readonly project: Project | null;
  readonly server: ReachableServer;
}

/** Submits a task. The client made its id, so sending the same again is the same task, however often it is sent. */
export async function submitTask(runtime: Runtime, scope: OrgScope, submission: Submission): Promise<TaskView> {
  const prepared = await prepareSubmission(runtime, scope, submission);
  const { plan, server } = prepared;
  const earlier = (await isTaskKnown(runtime.db, scope, plan.taskId)) ? await findSame(runtime, scope, plan) : null;
  if (earlier !== null) return earlier;
  await checkSubmission(runtime, scope, prepared);
  const openRuns = await openPredecessors(runtime, scope, submission);

  const ordered = { ...plan, order: { ...plan.order, openRuns } };
  const planned = planTask(runtime, scope, ordered, null);
  await runtime.submissions.enter(server.serverId, planned, (unit) => runtime.writer.commit(unit));
  runtime.nudgeOutbox(); // Before the answer is put together: both take their time.
  const task = await findSame(runtime, scope, plan);
  if (task === null) {
    await checkNoRestore(runtime.db, scope, plan.workspaceId);
    throw notFound("workspace");
  }
  return task;
}

/** Whether the caller may submit this, and there: nobody learns more of what is not theirs. */
export async function prepareSubmission(
  runtime: Runtime,
  scope: OrgScope,
  submission: Submission,
): Promise<PreparedSubmission> {
  const { taskId, workspaceId, projectId, priority, demand, isDetached } = submission;
  const { name, action } = findSubmittable(scope, submission.action);
  const workspace = await requireWorkspace(runtime, scope, workspaceId);
  const project = projectId === null ? null : await requireProject(runtime, scope, projectId);
  if (project !== null && project.workspaceId !== workspaceId) throw notFound("project");
  const server = await requireReachableServer(runtime, scope, workspace.serverId);
  const params = parseParams(action, submission);
  const { secretInput } = submission;
  if (secretInput !== null && !takesSecretInput(name))
    throw new QuarterdeckError("BAD_REQUEST", `${name} takes no environment and no standard input.`);
  if (secretInput?.stdin !== undefined && params["input"] === true)
    throw new QuarterdeckError(
      "BAD_REQUEST",
      "A run has one standard input: what the task brings, or what is typed into it. Leave one of them out.",
    );
  const order = { after: submission.after, isParallel: submission.isParallel, openRuns: [] };
  const place = { server, workspaceId, projectId };
  const plan = { taskId, ...place, action: name, params, secretInput, priority, demand, order, isDetached };
  return { plan, action, workspace, project, server };
}

/** Refuses what could not run as things are now. */
export async function checkSubmission(
  runtime: Runtime,
  scope: OrgScope,
  { plan, action, workspace, project, server }: PreparedSubmission,
): Promise<void> {
  const { action: name, params, workspaceId, demand = null } = plan;
  checkUsable(server);
  checkProject(action, name, project);
  checkServer(runtime, { name, params, server });
  if (plan.isDetached === false) requireLeases(runtime, server);
  if (name === "exec") checkCall(server, { params, programs: project?.programs ?? usualPrograms });
  if (name === "task.log") await checkLoggedRun(runtime, scope, { runId: params["runId"] as RunId, workspaceId });
  await checkDemand(runtime, scope, { action: name, demand, workspace, project, server });
}

function findSubmittable(scope: OrgScope, action: string): { name: ActionName; action: Action } {
  const found = findAction(action);
  const name = action as ActionName;
  const permission = found === undefined ? null : permissionToSubmit(name);
  if (found === undefined || permission === null) {
    throw new QuarterdeckError(
      "COMMAND_UNSUPPORTED",
      `"${action.slice(0, 64)}" is not an action that can be submitted.`,
    );
  }
  if (!mayWith(scope.rolesHere, permission)) throw forbidden(scope.rolesHere, permission, name);
  return { name, action: found };
}

function parseParams(action: Action, { action: name, params }: Submission): TaskParams {
  const parsed = action.params.safeParse(params);
  if (parsed.success) return taskParamsSchema.parse(parsed.data);
  throw new QuarterdeckError(
    "BAD_REQUEST",
    `The parameters of ${name} are not as they should be. ${z.prettifyError(parsed.error)}`,
  );
}

/** The task that was submitted with this id before, if it is the same. */
async function findSame(runtime: Runtime, scope: OrgScope, plan: TaskPlan): Promise<TaskView | null> {
  const record = await findTask(runtime.db, scope, plan.taskId);
  if (record === null) return null;
  if (record.bodyHash === hashBody(plan, runtime.secrets)) return toTaskView(runtime, record);
  throw new QuarterdeckError(
    "CONFLICT",
    "A task with this id was submitted before, with other contents. Use a new id.",
  );
}

function checkProject(action: Action, name: ActionName, project: Project | null): void {
  if (project === null) {
    if (action.needsProject) throw new QuarterdeckError("BAD_REQUEST", `${name} works on a project. Say which.`);
    return;
  }
  if (project.state === "cloneFailed") {
    throw new QuarterdeckError(
      "CONFLICT",
      `${project.name} is not on its server, because cloning it failed. Clone it again first.`,
    );
  }
  if (project.state === "cloning" && action.isRead) {
    throw new QuarterdeckError("CONFLICT", `${project.name} is still being cloned. Try again when that has ended.`);
  }
}

/** What the bridge would refuse, refused here with the reason, as far as the server has said what it allows. */
function checkServer(
  { release }: Pick<Runtime, "release">,
  { name, params, server }: { name: ActionName; params: TaskParams; server: Server },
): void {
  requireAction({ release }, server, name);
  if (name !== "exec") return;
  if (actions.exec.params.parse(params).input) requireSealedInput({ release }, server);
}

/** The program and its arguments, by their rules; and whether the server has said that it has this program. */
function checkCall(server: Server, { params, programs }: { params: TaskParams; programs: ProjectPrograms }): void {
  const call = actions.exec.params.parse(params);
  const there = [...(server.capabilities?.programs ?? defaultPrograms), ...programs.added];
  if (!there.includes(call.program)) {
    throw new QuarterdeckError(
      "PROGRAM_NOT_ALLOWED",
      `${server.name} does not allow the program "${call.program}". Allowed are: ${[...new Set(there)].sort().join(", ")}. Who manages the project can add programs to it, as far as the owner of the server allows.`,
    );
  }
  const checked = checkProgram(call, programs.added);
  if (!checked.ok) throw new QuarterdeckError(checked.error.code, checked.error.message);
}

async function checkLoggedRun(
  { db }: Runtime,
  scope: OrgScope,
  { runId, workspaceId }: { runId: RunId; workspaceId: WorkspaceId },
): Promise<void> {
  if ((await findWorkspaceOfRun(db, scope, runId)) !== workspaceId) throw notFound("run");
}
