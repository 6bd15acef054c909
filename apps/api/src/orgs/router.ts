import { nameSchema } from "@quarterdeck/core/actions/names";
import * as z from "zod";
import { procedure, router } from "../trpc.ts";
import { renameOrg } from "./service.ts";
import { orgViewSchema } from "./views.ts";

export const orgsRouter = router({
  current: procedure({ scope: "org", permission: "org.read", at: "anywhere" })
    .output(orgViewSchema)
    .query(({ ctx: { scope } }) => ({ orgId: scope.orgId, name: scope.orgName, role: scope.role })),
  rename: procedure({ scope: "org", permission: "org.manage", at: "org" })
    .input(z.strictObject({ name: nameSchema }))
    .output(orgViewSchema)
    .mutation(({ ctx, input }) => renameOrg(ctx.runtime, ctx.scope, input.name)),
});
