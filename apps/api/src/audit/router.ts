import * as z from "zod";
import { procedure, router } from "../trpc.ts";
import { entryFilterSchema } from "./entry-filter.ts";
import { listEntries } from "./list-entries.ts";
import { setRetention } from "./retention.ts";
import { readStanding } from "./standing.ts";
import { verifyNow } from "./verify-now.ts";
import { auditPageViewSchema, auditStandingViewSchema } from "./views.ts";

const readAudit = { scope: "org", permission: "audit.read" } as const;

const listInput = z.strictObject({
  ...entryFilterSchema.shape,
  cursor: z
    .string()
    .regex(/^\d{1,16}\.ent_[0-9a-z]{26}$/, "must be what an answer before named as next")
    .nullish(),
  limit: z.int().min(1).max(200).default(50),
});

export const auditRouter = router({
  list: procedure(readAudit)
    .input(listInput)
    .output(auditPageViewSchema)
    .query(({ ctx, input: { cursor = null, limit, ...filter } }) =>
      listEntries(ctx.runtime.db, ctx.scope.orgId, { filter, cursor, limit }),
    ),
  standing: procedure(readAudit)
    .output(auditStandingViewSchema)
    .query(({ ctx }) => readStanding(ctx.runtime.db, ctx.scope)),
  verify: procedure(readAudit)
    .output(auditStandingViewSchema)
    .mutation(async ({ ctx: { runtime, scope } }) => {
      await verifyNow(runtime, scope);
      return readStanding(runtime.db, scope);
    }),
  setRetention: procedure({ scope: "org", permission: "audit.manage", needsRecentAuth: true })
    .input(z.strictObject({ keptDays: z.int().min(30, "Keep the audit for at least 30 days.").max(36_500).nullable() }))
    .output(auditStandingViewSchema)
    .mutation(async ({ ctx: { runtime, scope }, input }) => {
      await setRetention(runtime, scope, input.keptDays);
      return readStanding(runtime.db, scope);
    }),
});
