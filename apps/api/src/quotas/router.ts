import { quotaChangeSchema } from "@quarterdeck/core/quota/quota-resources";
import * as z from "zod";
import { procedure, router } from "../trpc.ts";
import { getQuota, readHistory, setLimits, setOvercommit, setWeight } from "./service.ts";
import { quotaHistoryEntrySchema, quotaNodeIdSchema, quotaViewSchema, quotaWeightSchema } from "./views.ts";

const node = z.strictObject({ nodeId: quotaNodeIdSchema });
const manage = { scope: "org", permission: "quotas.manage" } as const;

export const quotasRouter = router({
  get: procedure({ scope: "org", permission: "quotas.read" })
    .input(node)
    .output(quotaViewSchema)
    .query(({ ctx, input }) => getQuota(ctx.runtime, ctx.scope, input.nodeId)),
  set: procedure(manage)
    .input(node.extend({ limits: quotaChangeSchema }))
    .output(quotaViewSchema)
    .mutation(({ ctx, input }) => setLimits(ctx.runtime, ctx.scope, input)),
  setOvercommit: procedure(manage)
    .input(node.extend({ isOvercommitted: z.boolean() }))
    .output(quotaViewSchema)
    .mutation(({ ctx, input }) => setOvercommit(ctx.runtime, ctx.scope, input)),
  setWeight: procedure(manage)
    .input(node.extend({ weight: quotaWeightSchema }))
    .output(quotaViewSchema)
    .mutation(({ ctx, input }) => setWeight(ctx.runtime, ctx.scope, input)),
  history: procedure({ scope: "org", permission: "quotas.read" })
    .input(
      node.extend({
        before: z.int().min(1).default(Number.MAX_SAFE_INTEGER),
        limit: z.int().min(1).max(100).default(50),
      }),
    )
    .output(z.array(quotaHistoryEntrySchema))
    .query(({ ctx, input }) => readHistory(ctx.runtime, ctx.scope, input)),
});
