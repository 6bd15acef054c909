import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import type { TaskId } from "@quarterdeck/core/ids";
import { sql } from "drizzle-orm";
import { recordAudit } from "../audit/repo.ts";
import type { OrgScope } from "../auth/scope.ts";
import { openTaskSecrets } from "../content/task-secrets.ts";
import { previousChanged } from "../db/insert-when.ts";
import { recordChange } from "../events/repo.ts";
import type { Runtime } from "../runtime.ts";
import type { Statement } from "../writer.ts";
import { planTask } from "./plan-task.ts";
import { isOutcomeOpen, resolveRun, type TaskRecord } from "./repo.ts";
import { checkNoRestore, noRestoreUnderWay } from "./restore-under-way.ts";
import { requireTask, toTaskView } from "./service.ts";
import { checkSubmission, prepareSubmission } from "./submit.ts";
import type { ResolutionOutcome, TaskView } from "./views.ts";

interface Decision {
  readonly taskId: TaskId;
  readonly outcome: ResolutionOutcome;
}

/**
 * Someone decides about a run whose outcome is unknown: it counts as done or as failed, or it runs again as a new task.
 * The verdict that is recorded stays. It is decided once; deciding the same again changes nothing.
 */
export async function resolveOutcome(runtime: Runtime, scope: OrgScope, decision: Decision): Promise<TaskView> {
  const record = await requireTask(runtime, scope, decision.taskId);
  if (record.view.verdict !== "indeterminate") {
    throw new QuarterdeckError(
      "CONFLICT",
      "The outcome of this run is not unknown, so there is nothing to decide about it.",
    );
  }
  if (record.view.resolution === null) {
    await (decision.outcome === "runAgain"
      ? runAgain(runtime, scope, record)
      : runtime.writer.commit(decide(runtime, scope, { ...decision, rerunTaskId: null })));
  }
  const now = await requireTask(runtime, scope, decision.taskId);
  if (now.view.resolution?.outcome !== decision.outcome) {
    throw new QuarterdeckError(
      "CONFLICT",
      `${now.view.resolution?.by ?? "Someone else"} has decided about this run already. Look at it again.`,
    );
  }
  return toTaskView(runtime, now);
}

/** The same once more, as a task of its own, in the same unit as the decision: so there is one, whoever asks how often. */
async function runAgain(runtime: Runtime, scope: OrgScope, record: TaskRecord): Promise<void> {
  const { view } = record;
  const { taskId, workspaceId, projectId, action, params, priority, demand, isParallel, isDetached } = view;
  const rerunTaskId = runtime.makeId("task");
  const secretInput = openTaskSecrets(runtime.secrets, { ...scope, taskId }, record.secretInput);
  const wish = {
    taskId: rerunTaskId,
    workspaceId,
    projectId,
    action,
    params,
    secretInput,
    priority,
    demand,
    after: [],
    isParallel,
    isDetached,
  };
  const prepared = await prepareSubmission(runtime, scope, wish);
  await checkSubmission(runtime, scope, prepared);
  await checkNoRestore(runtime.db, scope, workspaceId);
  const plan = { ...prepared.plan, rerunOf: taskId };
  const planned = planTask(
    runtime,
    scope,
    plan,
    sql`${isOutcomeOpen(scope, taskId)} and ${noRestoreUnderWay(workspaceId)}`,
  );
  await runtime.submissions.enter(prepared.server.serverId, planned, (submission) =>
    runtime.writer.commit([
      ...submission,
      ...decide(runtime, scope, { taskId, outcome: "runAgain", rerunTaskId }, { isAfterSubmission: true }),
    ]),
  );
  runtime.nudgeOutbox();
}

function decide(
  runtime: Runtime,
  scope: OrgScope,
  decision: Decision & { rerunTaskId: TaskId | null },
  { isAfterSubmission } = { isAfterSubmission: false },
): Statement[] {
  const { orgId, userId, address } = scope;
  const { taskId, outcome } = decision;
  const nowMs = runtime.clock.nowMs();
  return [
    resolveRun(scope, { ...decision, userId, nowMs }, isAfterSubmission ? previousChanged : sql`true`),
    recordAudit(
      runtime,
      { orgId, actor: userId, address, action: "task.resolve", subject: taskId, outcome: "done", detail: outcome },
      previousChanged,
    ),
    recordChange(scope, { kind: "task", id: taskId, atMs: nowMs }, previousChanged),
  ];
}
