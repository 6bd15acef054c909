import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import type { RunId } from "@quarterdeck/core/ids";
import { sql, type SQL } from "drizzle-orm";
import { recordAudit } from "../audit/repo.ts";
import type { OrgScope } from "../auth/scope.ts";
import { previousChanged } from "../db/insert-when.ts";
import { recordChange } from "../events/repo.ts";
import { requireProject } from "../projects/require-project.ts";
import type { Runtime } from "../runtime.ts";
import { requireAction } from "../servers/require-action.ts";
import { requireUsableServer } from "../servers/service.ts";
import { planTask } from "../tasks/plan-task.ts";
import { requireTask, toTaskView } from "../tasks/service.ts";
import type { TaskParams, TaskView } from "../tasks/views.ts";
import { requireWorkspace } from "../workspaces/service.ts";
import { archiveActions, type ArchiveDeed } from "./archive-actions.ts";
import { isKept, noteDeletion, nothingRuns, nothingUnderWay, readKeeps } from "./repo.ts";
import { requireKept, requireOwner, type OwnerInput } from "./service.ts";
import type { ArchiveOwner } from "./views.ts";

interface Wish {
  readonly owner: ArchiveOwner;
  readonly deed: ArchiveDeed;
  readonly params: TaskParams;
  /** The archive that it is about; null: a new one. */
  readonly archiveId: RunId | null;
}

/** Has the server archive a project, or a workspace as a whole. */
export async function makeArchive(runtime: Runtime, scope: OrgScope, input: OwnerInput): Promise<TaskView> {
  const owner = await requireOwner(runtime, scope, input);
  if (owner.kind === "project") await checkCloned(runtime, scope, owner);
  const params = { keeps: await readKeeps(runtime.db, scope, owner) };
  return ask(runtime, scope, { owner, deed: "make", params, archiveId: null });
}

/** Has the server put back what is in an archive; `replaces`: also over what is there. */
export async function restoreArchive(
  runtime: Runtime,
  scope: OrgScope,
  { archiveId, replaces, ...input }: OwnerInput & { readonly archiveId: RunId; readonly replaces: boolean },
): Promise<TaskView> {
  const owner = await requireOwner(runtime, scope, input);
  await requireKept(runtime, scope, { owner, archiveId });
  return ask(runtime, scope, { owner, deed: "restore", params: { archive: archiveId, replaces }, archiveId });
}

/** Has the server delete an archive. */
export async function removeArchive(
  runtime: Runtime,
  scope: OrgScope,
  { archiveId, ...input }: OwnerInput & { readonly archiveId: RunId },
): Promise<TaskView> {
  const owner = await requireOwner(runtime, scope, input);
  await requireKept(runtime, scope, { owner, archiveId });
  return ask(runtime, scope, { owner, deed: "remove", params: { archive: archiveId }, archiveId });
}

async function checkCloned(
  runtime: Runtime,
  scope: OrgScope,
  { projectId }: Extract<ArchiveOwner, { kind: "project" }>,
): Promise<void> {
  const { name, state } = await requireProject(runtime, scope, projectId);
  if (state === "cloneFailed")
    throw new QuarterdeckError(
      "CONFLICT",
      `${name} is not on its server, because cloning it failed. Clone it again first.`,
    );
}

/** One thing at a time is done with the archives of a project or workspace: none is deleted while it is read. */
async function ask(runtime: Runtime, scope: OrgScope, wish: Wish): Promise<TaskView> {
  const { owner, deed, params, archiveId } = wish;
  const { workspaceId, projectId, kind } = owner;
  const { serverId } = await requireWorkspace(runtime, scope, workspaceId);
  const server = await requireUsableServer(runtime, scope, serverId);
  const action = archiveActions[kind][deed];
  requireAction(runtime, server, action);
  const { orgId, userId, address } = scope;
  const taskId = runtime.makeId("task");
  const plan = {
    taskId,
    server,
    workspaceId,
    projectId,
    action,
    params,
    secretInput: null,
    priority: "normal",
  } as const;
  const subject = projectId ?? workspaceId;
  const entry = { orgId, actor: userId, address, action, subject, outcome: "done", detail: taskId } as const;
  const [submitted] = await runtime.writer.commit([
    ...(await planTask(runtime, scope, plan, conditionOf(scope, wish, serverId))),
    ...(deed === "remove" && archiveId !== null ? [noteDeletion(scope, { archiveId, taskId })] : []),
    recordAudit(runtime, entry, previousChanged),
    recordChange(scope, { kind, id: subject, atMs: runtime.clock.nowMs() }, previousChanged),
  ]);
  if (submitted?.rowsChanged !== 1) throw await whyNot(runtime, scope, wish);
  runtime.nudgeOutbox();
  return toTaskView(runtime, await requireTask(runtime, scope, taskId));
}

function conditionOf(
  scope: OrgScope,
  { owner, deed, archiveId }: Wish,
  serverId: Parameters<typeof nothingRuns>[0]["serverId"],
): SQL {
  const conditions = [
    nothingUnderWay(owner),
    ...(archiveId === null ? [] : [isKept(scope, { owner, archiveId })]),
    // The tasks of a project run one after the other; what is done to a workspace as a whole has no place among them.
    ...(isWorkspaceRestore({ owner, deed }) ? [nothingRuns({ serverId, workspaceId: owner.workspaceId })] : []),
  ];
  return sql.join(conditions, sql` and `);
}

function isWorkspaceRestore({ owner, deed }: Pick<Wish, "owner" | "deed">): boolean {
  return owner.kind === "workspace" && deed === "restore";
}

async function whyNot(runtime: Runtime, scope: OrgScope, wish: Wish): Promise<QuarterdeckError> {
  const { owner, archiveId } = wish;
  if (archiveId !== null) await requireKept(runtime, scope, { owner, archiveId });
  const message = isWorkspaceRestore(wish)
    ? "Something runs or waits in this workspace. Wait until it has ended, or cancel it, and try again."
    : "Something is being done with these archives already. Wait until that has ended, or cancel its task.";
  return new QuarterdeckError("CONFLICT", message);
}
