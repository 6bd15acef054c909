import { idSchema } from "@quarterdeck/core/ids";
import { archivesKeptSchema } from "@quarterdeck/core/protocol/archive-report";
import * as z from "zod";
import { taskViewSchema } from "../tasks/views.ts";
import { procedure, router } from "../trpc.ts";
import { makeArchive, removeArchive, restoreArchive } from "./ask-server.ts";
import { listArchives, setKeeps } from "./service.ts";
import { archiveListSchema } from "./views.ts";

const ofProject = z.strictObject({ projectId: idSchema("project") });
const ofWorkspace = z.strictObject({ workspaceId: idSchema("workspace") });
const archive = { archiveId: idSchema("run") };
const restored = { ...archive, replaces: z.boolean() };
const keeping = { keeps: archivesKeptSchema };

/** Each twice, because who may do something to a project may not do it to its workspace. */
export const archivesRouter = router({
  ofProject: procedure({ scope: "org", permission: "archives.read", at: "projectId" })
    .input(ofProject)
    .output(archiveListSchema)
    .query(({ ctx, input }) => listArchives(ctx.runtime, ctx.scope, input)),
  ofWorkspace: procedure({ scope: "org", permission: "archives.read", at: "workspaceId" })
    .input(ofWorkspace)
    .output(archiveListSchema)
    .query(({ ctx, input }) => listArchives(ctx.runtime, ctx.scope, input)),
  archiveProject: procedure({ scope: "org", permission: "projects.manage", at: "projectId" })
    .input(ofProject)
    .output(taskViewSchema)
    .mutation(({ ctx, input }) => makeArchive(ctx.runtime, ctx.scope, input)),
  archiveWorkspace: procedure({ scope: "org", permission: "workspaces.archive", at: "workspaceId" })
    .input(ofWorkspace)
    .output(taskViewSchema)
    .mutation(({ ctx, input }) => makeArchive(ctx.runtime, ctx.scope, input)),
  restoreProject: procedure({ scope: "org", permission: "projects.manage", at: "projectId" })
    .input(ofProject.extend(restored))
    .output(taskViewSchema)
    .mutation(({ ctx, input }) => restoreArchive(ctx.runtime, ctx.scope, input)),
  restoreWorkspace: procedure({ scope: "org", permission: "workspaces.archive", at: "workspaceId" })
    .input(ofWorkspace.extend(restored))
    .output(taskViewSchema)
    .mutation(({ ctx, input }) => restoreArchive(ctx.runtime, ctx.scope, input)),
  deleteOfProject: procedure({ scope: "org", permission: "projects.manage", at: "projectId" })
    .input(ofProject.extend(archive))
    .output(taskViewSchema)
    .mutation(({ ctx, input }) => removeArchive(ctx.runtime, ctx.scope, input)),
  deleteOfWorkspace: procedure({ scope: "org", permission: "workspaces.archive", at: "workspaceId" })
    .input(ofWorkspace.extend(archive))
    .output(taskViewSchema)
    .mutation(({ ctx, input }) => removeArchive(ctx.runtime, ctx.scope, input)),
  setKeptOfProject: procedure({ scope: "org", permission: "projects.configure", at: "projectId" })
    .input(ofProject.extend(keeping))
    .output(archiveListSchema)
    .mutation(({ ctx, input }) => setKeeps(ctx.runtime, ctx.scope, input)),
  setKeptOfWorkspace: procedure({ scope: "org", permission: "workspaces.archive", at: "workspaceId" })
    .input(ofWorkspace.extend(keeping))
    .output(archiveListSchema)
    .mutation(({ ctx, input }) => setKeeps(ctx.runtime, ctx.scope, input)),
});
