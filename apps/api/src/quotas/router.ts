import { idSchema } from "@quarterdeck/core/ids";
import { lifecycleStates } from "@quarterdeck/core/quota/lifecycle";
import { quotaChangeSchema } from "@quarterdeck/core/quota/quota-resources";
import * as z from "zod";
import { evidenceHistoryEntrySchema, nodeEvidenceViewSchema } from "../limits/views.ts";
import { procedure, router } from "../trpc.ts";
import {
  getQuota,
  listPresets,
  readEvidence,
  readEvidenceHistory,
  readHistory,
  setLifecycle,
  setLimits,
  setOvercommit,
  setWeight,
  undoChange,
} from "./service.ts";
import {
  presetViewSchema,
  quotaHistoryEntrySchema,
  quotaNodeIdSchema,
  quotaViewSchema,
  quotaWeightSchema,
} from "./views.ts";

const node = z.strictObject({ nodeId: quotaNodeIdSchema });
const page = node.extend({
  before: z.int().min(1).default(Number.MAX_SAFE_INTEGER),
  limit: z.int().min(1).max(100).default(50),
});
const read = { scope: "org", permission: "quotas.read", at: "nodeId" } as const;
/** Who gives something its share is who manages what it lies in: nobody raises what they were given. */
const manage = { scope: "org", permission: "quotas.manage", at: "nodeId", above: true } as const;

export const quotasRouter = router({
  get: procedure(read)
    .input(node)
    .output(quotaViewSchema)
    .query(({ ctx, input }) => getQuota(ctx.runtime, ctx.scope, input.nodeId)),
  presets: procedure({ ...read, at: "anywhere" })
    .output(z.array(presetViewSchema))
    .query(({ ctx }) => listPresets(ctx.runtime)),
  set: procedure(manage)
    .input(node.extend({ limits: quotaChangeSchema, weight: quotaWeightSchema.optional() }))
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
  setLifecycle: procedure({ ...manage, at: "projectId" })
    .input(z.strictObject({ projectId: idSchema("project"), state: z.enum(lifecycleStates) }))
    .output(quotaViewSchema)
    .mutation(({ ctx, input }) => setLifecycle(ctx.runtime, ctx.scope, input)),
  undo: procedure(manage)
    .input(node.extend({ historyId: z.int().min(1) }))
    .output(quotaViewSchema)
    .mutation(({ ctx, input }) => undoChange(ctx.runtime, ctx.scope, input)),
  history: procedure(read)
    .input(page)
    .output(z.array(quotaHistoryEntrySchema))
    .query(({ ctx, input }) => readHistory(ctx.runtime, ctx.scope, input)),
  evidence: procedure(read)
    .input(node)
    .output(nodeEvidenceViewSchema)
    .query(({ ctx, input }) => readEvidence(ctx.runtime, ctx.scope, input.nodeId)),
  evidenceHistory: procedure(read)
    .input(page)
    .output(z.array(evidenceHistoryEntrySchema))
    .query(({ ctx, input }) => readEvidenceHistory(ctx.runtime, ctx.scope, input)),
});
