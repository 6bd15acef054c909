import { taskDemandSchema } from "@quarterdeck/core/actions/task-demand";
import { secretInputSchema } from "@quarterdeck/core/actions/secret-input";
import { idSchema } from "@quarterdeck/core/ids";
import { priorities } from "@quarterdeck/core/protocol/command";
import { mostPredecessors } from "@quarterdeck/core/protocol/run-order";
import * as z from "zod";
import { procedure, router } from "../trpc.ts";
import { cancelTask } from "./cancel.ts";
import { resolveOutcome } from "./resolve-outcome.ts";
import { getTask, listTasks } from "./service.ts";
import { setPriority } from "./set-priority.ts";
import { submitTask } from "./submit.ts";
import {
  resolutionOutcomes,
  taskDetailViewSchema,
  taskPageViewSchema,
  taskParamsSchema,
  taskViewSchema,
} from "./views.ts";

const taskInput = z.strictObject({ taskId: idSchema("task") });

export const tasksRouter = router({
  // Each action has its permission besides (submittable.ts).
  submit: procedure({
    scope: "org",
    permission: "tasks.submit",
    at: ["projectId", "workspaceId"],
    makes: "taskId",
  })
    .input(
      z.strictObject({
        taskId: idSchema("task"),
        workspaceId: idSchema("workspace"),
        projectId: idSchema("project").nullable(),
        action: z.string().max(64),
        params: taskParamsSchema,
        /** Environment and standard input, for the task's server only. */
        secretInput: secretInputSchema.nullish(),
        priority: z.enum(priorities).default("normal"),
        /** What it reserves, where that is not what its action does. */
        demand: taskDemandSchema.nullish(),
        /** Tasks of the same workspace that must have succeeded before it starts. */
        after: z.array(idSchema("task")).max(mostPredecessors).default([]),
        /** Whether it may run beside other tasks of its project. */
        isParallel: z.boolean().default(false),
        /** Whether it may go on, up to its time-out, while its server has no connection; else the server stops it. */
        isDetached: z.boolean().default(true),
      }),
    )
    .output(taskViewSchema)
    .mutation(({ ctx, input }) =>
      submitTask(ctx.runtime, ctx.scope, {
        ...input,
        secretInput: input.secretInput ?? null,
        demand: input.demand ?? null,
      }),
    ),
  list: procedure({ scope: "org", permission: "tasks.read", at: "anywhere" })
    .input(
      z.strictObject({
        workspaceId: idSchema("workspace").optional(),
        projectId: idSchema("project").optional(),
        serverId: idSchema("server").optional(),
        limit: z.int().min(1).max(100).default(50),
        cursor: idSchema("task").nullish(),
        /** TanStack Query's infinite queries send it; there is one direction only. */
        direction: z.literal("forward").optional(),
      }),
    )
    .output(taskPageViewSchema)
    .query(({ ctx, input }) => listTasks(ctx.runtime, ctx.scope, input)),
  get: procedure({ scope: "org", permission: "tasks.read", at: "taskId" })
    .input(taskInput)
    .output(taskDetailViewSchema)
    .query(({ ctx, input }) => getTask(ctx.runtime, ctx.scope, input.taskId)),
  cancel: procedure({ scope: "org", permission: "tasks.run", at: "taskId" })
    .input(taskInput)
    .output(taskViewSchema)
    .mutation(({ ctx, input }) => cancelTask(ctx.runtime, ctx.scope, input.taskId)),
  setPriority: procedure({ scope: "org", permission: "tasks.run", at: "taskId" })
    .input(taskInput.extend({ priority: z.enum(priorities) }))
    .output(taskViewSchema)
    .mutation(({ ctx, input }) => setPriority(ctx.runtime, ctx.scope, input)),
  resolveOutcome: procedure({ scope: "org", permission: "tasks.run", at: "taskId" })
    .input(taskInput.extend({ outcome: z.enum(resolutionOutcomes) }))
    .output(taskViewSchema)
    .mutation(({ ctx, input }) => resolveOutcome(ctx.runtime, ctx.scope, input)),
});
