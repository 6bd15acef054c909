import { nameSchema } from "@quarterdeck/core/actions/names";
import { idSchema } from "@quarterdeck/core/ids";
import * as z from "zod";
import { procedure, router } from "../trpc.ts";
import { addressListSchema } from "./access.ts";
import { setAddresses, setMfaRequired, toAccessView } from "./access-service.ts";
import { keepOrg, requestDeletion } from "./deletion.ts";
import { createOrg, listOrgs, listSuccessors, renameOrg, switchOrg, toOrgView, transferOwnership } from "./service.ts";
import { accessViewSchema, membershipsViewSchema, orgViewSchema, successorViewSchema } from "./views.ts";

const account = { scope: "account", permission: null } as const;
const own = { scope: "org", permission: "org.own", at: "org" } as const;
const orgId = z.strictObject({ orgId: idSchema("org") });

export const orgsRouter = router({
  list: procedure(account)
    .output(membershipsViewSchema)
    .query(({ ctx }) => listOrgs(ctx.runtime, ctx.scope, ctx.caller)),
  create: procedure(account)
    .input(z.strictObject({ name: nameSchema }))
    .output(orgId)
    .mutation(({ ctx, input }) => createOrg(ctx.runtime, { scope: ctx.scope, active: ctx.caller }, input.name)),
  switch: procedure(account)
    .input(orgId)
    .output(orgId)
    .mutation(({ ctx, input }) => switchOrg(ctx.runtime, ctx.scope, input.orgId)),
  current: procedure({ scope: "org", permission: "org.read", at: "anywhere" })
    .output(orgViewSchema)
    .query(({ ctx }) => toOrgView(ctx.scope)),
  rename: procedure({ scope: "org", permission: "org.manage", at: "org" })
    .input(z.strictObject({ name: nameSchema }))
    .output(orgViewSchema)
    .mutation(({ ctx, input }) => renameOrg(ctx.runtime, ctx.scope, input.name)),
  access: procedure({ scope: "org", permission: "org.manage" })
    .output(accessViewSchema)
    .query(({ ctx }) => toAccessView(ctx.scope)),
  setAddresses: procedure({ scope: "org", permission: "org.manage", needsRecentAuth: true })
    .input(z.strictObject({ addresses: addressListSchema, shutsMeOut: z.boolean().default(false) }))
    .output(accessViewSchema)
    .mutation(({ ctx, input }) => setAddresses(ctx.runtime, ctx.scope, input)),
  setMfaRequired: procedure({ scope: "org", permission: "org.manage", needsRecentAuth: true })
    .input(z.strictObject({ isRequired: z.boolean() }))
    .output(accessViewSchema)
    .mutation(({ ctx, input }) => setMfaRequired(ctx.runtime, ctx.scope, input.isRequired)),
  successors: procedure(own)
    .output(z.array(successorViewSchema))
    .query(({ ctx }) => listSuccessors(ctx.runtime, ctx.scope)),
  transfer: procedure({ ...own, needsRecentAuth: true })
    .input(z.strictObject({ userId: idSchema("user") }))
    .output(orgViewSchema)
    .mutation(({ ctx, input }) => transferOwnership(ctx.runtime, ctx.scope, input.userId)),
  requestDeletion: procedure({ ...own, needsRecentAuth: true })
    .input(z.strictObject({ name: z.string().max(200) }))
    .output(orgViewSchema)
    .mutation(({ ctx, input }) => requestDeletion(ctx.runtime, ctx.scope, input.name)),
  cancelDeletion: procedure({ ...own, worksWhileClosing: true })
    .output(orgViewSchema)
    .mutation(({ ctx }) => keepOrg(ctx.runtime, ctx.scope)),
});
