import { nameSchema } from "@quarterdeck/core/actions/names";
import { idSchema } from "@quarterdeck/core/ids";
import * as z from "zod";
import { procedure, router } from "../trpc.ts";
import { acceptShare, listReceived, readOffer } from "./guest-service.ts";
import { changeShare, listGiven, offerShare } from "./service.ts";
import {
  givenShareViewSchema,
  newShareViewSchema,
  receivedShareViewSchema,
  shareOfferViewSchema,
  sliceLimitsSchema,
  sliceWeightSchema,
} from "./views.ts";
import { withdrawShare } from "./withdraw.ts";

const serverInput = z.strictObject({ serverId: idSchema("server") });
const shareInput = z.strictObject({ shareId: idSchema("share") });
const slice = { limits: sliceLimitsSchema, weight: sliceWeightSchema };
const codeSchema = z.string().trim().min(1).max(128);

export const sharingRouter = router({
  given: procedure({ scope: "org", permission: "servers.manage", at: "serverId" })
    .input(serverInput)
    .output(z.array(givenShareViewSchema))
    .query(({ ctx, input }) => listGiven(ctx.runtime, ctx.scope, input.serverId)),
  offer: procedure({ scope: "org", permission: "servers.manage", at: "serverId", needsRecentAuth: true })
    .input(serverInput.extend({ label: nameSchema, ...slice }))
    .output(newShareViewSchema)
    .mutation(({ ctx, input }) => offerShare(ctx.runtime, ctx.scope, input)),
  change: procedure({ scope: "org", permission: "servers.manage", at: "org" })
    .input(shareInput.extend(slice))
    .output(givenShareViewSchema)
    .mutation(({ ctx, input }) => changeShare(ctx.runtime, ctx.scope, input)),
  withdraw: procedure({ scope: "org", permission: "servers.manage", at: "org" })
    .input(shareInput.extend({ cancelsRuns: z.boolean() }))
    .output(givenShareViewSchema)
    .mutation(({ ctx, input }) => withdrawShare(ctx.runtime, ctx.scope, input)),
  received: procedure({ scope: "org", permission: "servers.read" })
    .output(z.array(receivedShareViewSchema))
    .query(({ ctx }) => listReceived(ctx.runtime, ctx.scope)),
  // Mutations, so that the code is in no address and no log of one.
  readOffer: procedure({ scope: "org", permission: "servers.manage" })
    .input(z.strictObject({ code: codeSchema }))
    .output(shareOfferViewSchema)
    .mutation(({ ctx, input }) => readOffer(ctx.runtime, ctx.scope, input.code)),
  accept: procedure({ scope: "org", permission: "servers.manage", needsRecentAuth: true })
    .input(z.strictObject({ code: codeSchema, name: nameSchema }))
    .output(receivedShareViewSchema)
    .mutation(({ ctx, input }) => acceptShare(ctx.runtime, ctx.scope, input)),
});
