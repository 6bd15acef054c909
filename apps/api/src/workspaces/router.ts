import { nameSchema } from "@quarterdeck/core/actions/names";
import { idSchema } from "@quarterdeck/core/ids";
import * as z from "zod";
import { procedure, router } from "../trpc.ts";
import { setFrozen } from "./freeze.ts";
import { createWorkspace, getWorkspace, listWorkspaces } from "./service.ts";
import { workspaceViewSchema } from "./views.ts";

const workspaceInput = z.strictObject({ workspaceId: idSchema("workspace") });

export const workspacesRouter = router({
  list: procedure({ scope: "org", permission: "workspaces.read", at: "anywhere" })
    .output(z.array(workspaceViewSchema))
    .query(({ ctx }) => listWorkspaces(ctx.runtime, ctx.scope)),
  get: procedure({ scope: "org", permission: "workspaces.read", at: "workspaceId" })
    .input(workspaceInput)
    .output(workspaceViewSchema)
    .query(({ ctx, input }) => getWorkspace(ctx.runtime, ctx.scope, input.workspaceId)),
  create: procedure({ scope: "org", permission: "workspaces.create", at: "org" })
    .input(z.strictObject({ name: nameSchema, serverId: idSchema("server") }))
    .output(workspaceViewSchema)
    .mutation(({ ctx, input }) => createWorkspace(ctx.runtime, ctx.scope, input)),
  freeze: procedure({ scope: "org", permission: "workspaces.freeze", at: "workspaceId" })
    .input(workspaceInput)
    .output(workspaceViewSchema)
    .mutation(({ ctx, input }) => setFrozen(ctx.runtime, ctx.scope, { ...input, action: "workspace.freeze" })),
  thaw: procedure({ scope: "org", permission: "workspaces.freeze", at: "workspaceId" })
    .input(workspaceInput)
    .output(workspaceViewSchema)
    .mutation(({ ctx, input }) => setFrozen(ctx.runtime, ctx.scope, { ...input, action: "workspace.thaw" })),
});
