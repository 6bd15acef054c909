import { actions } from "@quarterdeck/core/actions/catalogue";
import { nameSchema } from "@quarterdeck/core/actions/names";
import { idSchema } from "@quarterdeck/core/ids";
import * as z from "zod";
import { taskViewSchema } from "../tasks/views.ts";
import { procedure, router } from "../trpc.ts";
import { projectProgramsSchema } from "@quarterdeck/core/programs/project-programs";
import { setPrograms } from "./set-programs.ts";
import { createProjectFromGit, getProject, listProjects, retryClone, setNetwork, setTestCommand } from "./service.ts";
import { projectNetworkSchema, projectViewSchema, testCommandSchema } from "./views.ts";

const projectInput = z.strictObject({ projectId: idSchema("project") });

export const projectsRouter = router({
  list: procedure({ scope: "org", permission: "workspaces.read", at: "workspaceId" })
    .input(z.strictObject({ workspaceId: idSchema("workspace") }))
    .output(z.array(projectViewSchema))
    .query(({ ctx, input }) => listProjects(ctx.runtime, ctx.scope, input.workspaceId)),
  get: procedure({ scope: "org", permission: "projects.read", at: "projectId" })
    .input(projectInput)
    .output(projectViewSchema)
    .query(({ ctx, input }) => getProject(ctx.runtime, ctx.scope, input.projectId)),
  createFromGit: procedure({ scope: "org", permission: "projects.create", at: "workspaceId" })
    .input(
      z.strictObject({
        workspaceId: idSchema("workspace"),
        name: nameSchema,
        url: z.string().trim(),
        branch: actions["project.clone"].params.shape.branch,
      }),
    )
    .output(z.strictObject({ project: projectViewSchema, task: taskViewSchema }))
    .mutation(({ ctx, input }) => createProjectFromGit(ctx.runtime, ctx.scope, input)),
  retryClone: procedure({ scope: "org", permission: "projects.manage", at: "projectId" })
    .input(projectInput)
    .output(taskViewSchema)
    .mutation(({ ctx, input }) => retryClone(ctx.runtime, ctx.scope, input.projectId)),
  setTestCommand: procedure({ scope: "org", permission: "projects.manage", at: "projectId" })
    .input(projectInput.extend(testCommandSchema.shape))
    .output(projectViewSchema)
    .mutation(({ ctx, input }) => setTestCommand(ctx.runtime, ctx.scope, input)),
  setNetwork: procedure({ scope: "org", permission: "projects.setNetwork", at: "projectId" })
    .input(projectInput.extend({ network: projectNetworkSchema }))
    .output(projectViewSchema)
    .mutation(({ ctx, input }) => setNetwork(ctx.runtime, ctx.scope, input)),
  setPrograms: procedure({ scope: "org", permission: "projects.configure", at: "projectId" })
    .input(projectInput.extend(projectProgramsSchema.shape))
    .output(projectViewSchema)
    .mutation(({ ctx, input }) => setPrograms(ctx.runtime, ctx.scope, input)),
});
