import { idSchema } from "@quarterdeck/core/ids";
import * as z from "zod";
import { procedure, router } from "../trpc.ts";
import { readUpdates, stopRollout, updateAllServers, updateServer } from "./service.ts";
import { updatesViewSchema } from "./views.ts";

export const updatesRouter = router({
  overview: procedure({ scope: "org", permission: "servers.read", at: "anywhere" })
    .output(updatesViewSchema)
    .query(({ ctx }) => readUpdates(ctx.runtime, ctx.scope)),
  updateServer: procedure({ scope: "org", permission: "servers.manage", at: "serverId" })
    .input(z.strictObject({ serverId: idSchema("server"), triesAgain: z.boolean().default(false) }))
    .output(updatesViewSchema)
    .mutation(({ ctx, input }) => updateServer(ctx.runtime, ctx.scope, input)),
  updateAll: procedure({ scope: "org", permission: "servers.manage", at: "org" })
    .input(z.strictObject({ firstServerId: idSchema("server").nullable() }))
    .output(updatesViewSchema)
    .mutation(({ ctx, input }) => updateAllServers(ctx.runtime, ctx.scope, input)),
  stop: procedure({ scope: "org", permission: "servers.manage", at: "org" })
    .input(z.strictObject({ rolloutId: idSchema("rollout") }))
    .output(updatesViewSchema)
    .mutation(({ ctx, input }) => stopRollout(ctx.runtime, ctx.scope, input.rolloutId)),
});
