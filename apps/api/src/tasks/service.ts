import type { ProjectId, ServerId, TaskId, WorkspaceId } from "@quarterdeck/core/ids";
import { secondMs } from "@quarterdeck/core/units";
import type { OrgScope, TenantScope } from "../auth/scope.ts";
import { notFound } from "../not-found.ts";
import { requireProject } from "../projects/require-project.ts";
import { RelayUnavailableError } from "../relay/relay-link.ts";
import type { Runtime } from "../runtime.ts";
import { requireReachableServer } from "../servers/service.ts";
import { requireWorkspace } from "../workspaces/service.ts";
import { findTask, listTaskRows, type TaskRecord } from "./repo.ts";
import type { TaskDetailView, TaskPageView, TaskView, WaitingView } from "./views.ts";
import { explainByRelay, explainWaiting } from "./waiting.ts";

const askRelayMs = 1 * secondMs;

export async function requireTask(
  { db }: Pick<Runtime, "db">,
  scope: TenantScope,
  taskId: TaskId,
): Promise<TaskRecord> {
  const task = await findTask(db, scope, taskId);
  if (task === null) throw notFound("task");
  return task;
}

export function toTaskView({ relay }: Runtime, record: TaskRecord): TaskView {
  return { ...record.view, waiting: explainWaiting(record, relay.isReachable) };
}

export async function getTask(runtime: Runtime, scope: OrgScope, taskId: TaskId): Promise<TaskDetailView> {
  const record = await requireTask(runtime, scope, taskId);
  const { waiting, ...view } = toTaskView(runtime, record);
  const { tail, quote } = record;
  const ownerId = view.projectId ?? view.workspaceId;
  const [waitsFor, keys] = await Promise.all([
    askRelay(runtime, record, waiting),
    runtime.streamKeys.contentKeys(scope, [{ runId: view.runId, ownerId }]),
  ]);
  return { ...view, waiting: waitsFor, tail, quote, contentKeys: keys.get(view.runId) ?? [] };
}

async function askRelay(
  runtime: Runtime,
  record: TaskRecord,
  waiting: WaitingView | null,
): Promise<WaitingView | null> {
  if (waiting?.reason !== "delivery" || record.view.state !== "queued" || !record.isAtRelay) return waiting;
  const { serverId, runId } = record.view;
  try {
    return explainByRelay(record, await runtime.relay.readWaiting(serverId, runId, askRelayMs)) ?? waiting;
  } catch (error) {
    if (!(error instanceof RelayUnavailableError)) throw error;
    return explainWaiting(record, runtime.relay.isReachable);
  }
}

interface TaskQuery {
  readonly workspaceId?: WorkspaceId | undefined;
  readonly projectId?: ProjectId | undefined;
  readonly serverId?: ServerId | undefined;
  readonly limit: number;
  readonly cursor?: TaskId | null | undefined;
}

export async function listTasks(runtime: Runtime, scope: OrgScope, query: TaskQuery): Promise<TaskPageView> {
  const { workspaceId, projectId, serverId, limit, cursor } = query;
  if (workspaceId !== undefined) await requireWorkspace(runtime, scope, workspaceId);
  if (projectId !== undefined) await requireProject(runtime, scope, projectId);
  if (serverId !== undefined) await requireReachableServer(runtime, scope, serverId);
  const before = cursor === undefined || cursor === null ? null : (await requireTask(runtime, scope, cursor)).view;
  const records = await listTaskRows(runtime.db, scope, { workspaceId, projectId, serverId, before, limit: limit + 1 });
  const page = records.slice(0, limit);
  const last = page.at(-1);
  return {
    tasks: page.map((record) => toTaskView(runtime, record)),
    nextCursor: records.length > limit && last !== undefined ? last.view.taskId : null,
  };
}
