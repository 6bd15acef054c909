import { taskDemandSchema } from "@quarterdeck/core/actions/task-demand";
import { idSchema } from "@quarterdeck/core/ids";
import { priorities } from "@quarterdeck/core/protocol/command";
import { contentKeySchema } from "@quarterdeck/core/protocol/content-sealing";
import { verdictSchema } from "@quarterdeck/core/protocol/result";
import * as z from "zod";

export const runStates = ["queued", "dispatched", "running", "ended"] as const;
export type RunState = (typeof runStates)[number];

/** Why a run has not started yet. */
export const waitingViewSchema = z.strictObject({
  reason: z.enum([
    "relay",
    "server",
    "cordon",
    "turn",
    "order",
    "dependency",
    "limit",
    "capacity",
    "signature",
    "delivery",
  ]),
  message: z.string(),
});
export type WaitingView = z.infer<typeof waitingViewSchema>;

export const taskParamsSchema = z.record(z.string(), z.json());
export type TaskParams = z.infer<typeof taskParamsSchema>;

/** What a person may decide about a run whose outcome is unknown. */
export const resolutionOutcomes = ["succeeded", "failed", "runAgain"] as const;
export type ResolutionOutcome = (typeof resolutionOutcomes)[number];

/** What someone decided about an outcome that is unknown. The verdict stays what it is. */
export const resolutionViewSchema = z.strictObject({
  outcome: z.enum(resolutionOutcomes),
  /** The e-mail address of who decided. */
  by: z.string(),
  atMs: z.int(),
  /** The task that runs it again. */
  rerunTaskId: idSchema("task").nullable(),
});

export const taskViewSchema = z.strictObject({
  taskId: idSchema("task"),
  runId: idSchema("run"),
  orgId: idSchema("org"),
  workspaceId: idSchema("workspace"),
  workspaceName: z.string(),
  projectId: idSchema("project").nullable(),
  projectName: z.string().nullable(),
  serverId: idSchema("server"),
  serverName: z.string(),
  action: z.string(),
  params: taskParamsSchema,
  priority: z.enum(priorities),
  /** What the task said of its demand; null: it is as its action's. */
  demand: taskDemandSchema.nullable(),
  state: z.enum(runStates),
  /** Someone asked to cancel it and it has not ended yet. */
  isCancelling: z.boolean(),
  verdict: verdictSchema.nullable(),
  exitCode: z.int().nullable(),
  signal: z.string().nullable(),
  code: z.string().nullable(),
  message: z.string().nullable(),
  resolution: resolutionViewSchema.nullable(),
  /** The task that this one repeats, because that one's outcome is unknown. */
  rerunOf: idSchema("task").nullable(),
  /** Tasks that must have succeeded before it starts; when one of them does not, it ends with `DEPENDENCY_FAILED`. */
  after: z.array(idSchema("task")),
  /** Whether it may run beside other tasks of its project. */
  isParallel: z.boolean(),
  /** Whether it may go on while its server has no connection. */
  isDetached: z.boolean(),
  /** What is said of its end came after the platform had given it up, because its server was away for too long. */
  isLate: z.boolean(),
  /** The e-mail address of who asked for it. */
  submittedBy: z.string(),
  submittedAtMs: z.int(),
  dispatchedAtMs: z.int().nullable(),
  startedAtMs: z.int().nullable(),
  endedAtMs: z.int().nullable(),
  durationMs: z.int().nullable(),
  outputBytes: z.int().nullable(),
  outputCutBytes: z.int().nullable(),
  /** What it used of the processor in all, and the most memory at once; null where nothing counted it. */
  cpuMs: z.int().nullable(),
  peakMemory: z.int().nullable(),
  waiting: waitingViewSchema.nullable(),
});
export type TaskView = z.infer<typeof taskViewSchema>;

/**
 * A task with the content that the platform keeps of its run, as its server sealed it: the last bytes of the output, and
 * what a program said about a failure. `contentKeys` opens them, with `openContent` of core.
 */
export const taskDetailViewSchema = taskViewSchema.extend({
  tail: z.string().nullable(),
  quote: z.string().nullable(),
  contentKeys: z.array(contentKeySchema),
});
export type TaskDetailView = z.infer<typeof taskDetailViewSchema>;

export const taskPageViewSchema = z.strictObject({
  tasks: z.array(taskViewSchema),
  nextCursor: z.string().nullable(),
});
export type TaskPageView = z.infer<typeof taskPageViewSchema>;
