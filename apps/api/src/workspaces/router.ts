import { nameSchema } from "@quarterdeck/core/actions/names";
import { idSchema } from "@quarterdeck/core/ids";
import * as z from "zod";
import { procedure, router } from "../trpc.ts";
import { createWorkspace, getWorkspace, listWorkspaces } from "./service.ts";
import { workspaceViewSchema } from "./views.ts";

export const workspacesRouter = router({
  list: procedure({ scope: "org", permission: "workspaces.read" })
    .output(z.array(workspaceViewSchema))
    .query(({ ctx }) => listWorkspaces(ctx.runtime, ctx.scope)),
  get: procedure({ scope: "org", permission: "workspaces.read" })
    .input(z.strictObject({ workspaceId: idSchema("workspace") }))
    .output(workspaceViewSchema)
    .query(({ ctx, input }) => getWorkspace(ctx.runtime, ctx.scope, input.workspaceId)),
  create: procedure({ scope: "org", permission: "workspaces.create" })
    .input(z.strictObject({ name: nameSchema, serverId: idSchema("server") }))
    .output(workspaceViewSchema)
    .mutation(({ ctx, input }) => createWorkspace(ctx.runtime, ctx.scope, input)),
});
