import { idSchema } from "@quarterdeck/core/ids";
import { planNames } from "@quarterdeck/core/quota/request-tiers";
import * as z from "zod";
import { keyChangeRequestSchema } from "../keys/key-service.ts";
import { procedure, router } from "../trpc.ts";
import { readPendingLinks } from "./account-links.ts";
import { readHealth } from "./health.ts";
import { isOperator } from "./operators-repo.ts";
import { changeKeysAs, openSignUp, readKeys, readOrgs, readSettings, setPlan } from "./service.ts";
import {
  operatedKeysSchema,
  operatedOrgsSchema,
  pendingLinkSchema,
  platformHealthSchema,
  platformSettingsSchema,
} from "./views.ts";

const operator = { scope: "operator", permission: null } as const;
const dangerous = { ...operator, needsRecentAuth: true } as const;
const page = z.strictObject({ after: idSchema("org").nullable(), limit: z.int().min(1).max(100).default(50) });

export const operatorRouter = router({
  /** Whether the one who asks is an operator: the console shows the pages to nobody else. */
  standing: procedure({ scope: "account", permission: null })
    .output(z.strictObject({ isOperator: z.boolean() }))
    .query(async ({ ctx: { runtime, scope } }) => ({ isOperator: await isOperator(runtime.db, scope.userId) })),
  health: procedure(operator)
    .output(platformHealthSchema)
    .query(({ ctx }) => readHealth(ctx.runtime)),
  orgs: procedure(operator)
    .input(page)
    .output(operatedOrgsSchema)
    .query(({ ctx, input }) => readOrgs(ctx.runtime, input)),
  setPlan: procedure(dangerous)
    .input(z.strictObject({ orgId: idSchema("org"), plan: z.enum(planNames) }))
    .output(z.null())
    .mutation(async ({ ctx, input }) => {
      await setPlan(ctx.runtime, ctx.scope, input);
      return null;
    }),
  settings: procedure(operator)
    .output(platformSettingsSchema)
    .query(({ ctx }) => readSettings(ctx.runtime)),
  setSignUp: procedure(dangerous)
    .input(z.strictObject({ isOpen: z.boolean() }))
    .output(platformSettingsSchema)
    .mutation(({ ctx, input }) => openSignUp(ctx.runtime, ctx.scope, input.isOpen)),
  pendingLinks: procedure(dangerous)
    .output(z.array(pendingLinkSchema))
    .query(({ ctx }) => readPendingLinks(ctx.runtime)),
  keys: procedure(operator)
    .output(operatedKeysSchema)
    .query(({ ctx }) => readKeys(ctx.runtime)),
  changeKeys: procedure(dangerous)
    .input(keyChangeRequestSchema)
    .output(operatedKeysSchema)
    .mutation(({ ctx, input }) => changeKeysAs(ctx.runtime, ctx.scope, input)),
});
