import { nameSchema } from "@quarterdeck/core/actions/names";
import { idSchema } from "@quarterdeck/core/ids";
import { limits } from "@quarterdeck/core/protocol/limits";
import * as z from "zod";
import { limitFindingSchema } from "../limits/views.ts";
import { procedure, router } from "../trpc.ts";
import { cordonServer, drainServer, uncordonServer } from "./cordon.ts";
import { listEnrolments, revokeEnrolment } from "./enrolment-list.ts";
import { createEnrolment, readEnrolment } from "./enrolment-service.ts";
import { labelsSchema } from "./labels.ts";
import {
  acknowledgeAuditAlert,
  acknowledgeLimitAlert,
  getServer,
  listServers,
  readLimitFindings,
  renameServer,
  revokeServer,
  setLabels,
} from "./service.ts";
import { issueViewerTicket } from "./viewer-ticket.ts";
import {
  auditAlertSchema,
  enrolmentViewSchema,
  listedEnrolmentViewSchema,
  newEnrolmentViewSchema,
  serverViewSchema,
  viewerTicketViewSchema,
} from "./views.ts";

const maxInputRuns = 8;

const serverInput = z.strictObject({ serverId: idSchema("server") });

export const serversRouter = router({
  list: procedure({ scope: "org", permission: "servers.read", at: "anywhere" })
    .output(z.array(serverViewSchema))
    .query(({ ctx }) => listServers(ctx.runtime, ctx.scope)),
  get: procedure({ scope: "org", permission: "servers.read", at: "serverId" })
    .input(serverInput)
    .output(serverViewSchema)
    .query(({ ctx, input }) => getServer(ctx.runtime, ctx.scope, input.serverId)),
  revoke: procedure({ scope: "org", permission: "servers.manage", at: "serverId", needsRecentAuth: true })
    .input(serverInput.extend({ confirmName: z.string().max(256).nullable().default(null) }))
    .output(serverViewSchema)
    .mutation(({ ctx, input }) => revokeServer(ctx.runtime, ctx.scope, input)),
  cordon: procedure({ scope: "org", permission: "servers.manage", at: "serverId" })
    .input(serverInput)
    .output(serverViewSchema)
    .mutation(({ ctx, input }) => cordonServer(ctx.runtime, ctx.scope, input.serverId)),
  uncordon: procedure({ scope: "org", permission: "servers.manage", at: "serverId" })
    .input(serverInput)
    .output(serverViewSchema)
    .mutation(({ ctx, input }) => uncordonServer(ctx.runtime, ctx.scope, input.serverId)),
  drain: procedure({ scope: "org", permission: "servers.manage", at: "serverId" })
    .input(serverInput.extend({ cancelsRuns: z.boolean() }))
    .output(serverViewSchema)
    .mutation(({ ctx, input }) => drainServer(ctx.runtime, ctx.scope, input)),
  setLabels: procedure({ scope: "org", permission: "servers.manage", at: "serverId" })
    .input(serverInput.extend({ labels: labelsSchema }))
    .output(serverViewSchema)
    .mutation(({ ctx, input }) => setLabels(ctx.runtime, ctx.scope, input)),
  rename: procedure({ scope: "org", permission: "servers.manage", at: "serverId" })
    .input(serverInput.extend({ name: nameSchema }))
    .output(serverViewSchema)
    .mutation(({ ctx, input }) => renameServer(ctx.runtime, ctx.scope, input)),
  acknowledgeAuditAlert: procedure({ scope: "org", permission: "servers.manage", at: "serverId" })
    .input(serverInput.extend(auditAlertSchema.shape))
    .output(serverViewSchema)
    .mutation(({ ctx, input }) => acknowledgeAuditAlert(ctx.runtime, ctx.scope, input)),
  limitFindings: procedure({ scope: "org", permission: "servers.read", at: "org" })
    .input(serverInput)
    .output(z.array(limitFindingSchema))
    .query(({ ctx, input }) => readLimitFindings(ctx.runtime, ctx.scope, input.serverId)),
  acknowledgeLimitAlert: procedure({ scope: "org", permission: "servers.manage", at: "serverId" })
    .input(serverInput.extend({ atMs: z.int() }))
    .output(serverViewSchema)
    .mutation(({ ctx, input }) => acknowledgeLimitAlert(ctx.runtime, ctx.scope, input)),
  createEnrolment: procedure({ scope: "org", permission: "servers.manage", at: "org" })
    .input(z.strictObject({}))
    .output(newEnrolmentViewSchema)
    .mutation(({ ctx }) => createEnrolment(ctx.runtime, ctx.scope)),
  enrolment: procedure({ scope: "org", permission: "servers.manage", at: "org" })
    .input(z.strictObject({ enrolmentId: idSchema("enrolment") }))
    .output(enrolmentViewSchema)
    .query(({ ctx, input }) => readEnrolment(ctx.runtime, ctx.scope, input.enrolmentId)),
  enrolments: procedure({ scope: "org", permission: "servers.manage" })
    .output(z.array(listedEnrolmentViewSchema))
    .query(({ ctx }) => listEnrolments(ctx.runtime, ctx.scope)),
  revokeEnrolment: procedure({ scope: "org", permission: "servers.manage", at: "org" })
    .input(z.strictObject({ enrolmentId: idSchema("enrolment") }))
    .output(enrolmentViewSchema)
    .mutation(({ ctx, input }) => revokeEnrolment(ctx.runtime, ctx.scope, input.enrolmentId)),
  viewerTicket: procedure({ scope: "org", permission: "servers.watch", at: "serverId", worksWhileClosing: true })
    .input(
      serverInput.extend({
        telemetry: z.boolean(),
        /** Workspaces on the server whose readings, with those of their projects and runs, are watched. */
        workspaceIds: z.array(idSchema("workspace")).max(limits.workspacesPerTicket).default([]),
        runIds: z.array(idSchema("run")).max(limits.topicsPerViewer - 1),
        /** Runs to type into; only for who may run tasks. */
        inputRunIds: z.array(idSchema("run")).max(maxInputRuns).default([]),
      }),
    )
    .output(viewerTicketViewSchema)
    .mutation(({ ctx, input }) =>
      issueViewerTicket(ctx.runtime, ctx.scope, { ...input, sessionToken: ctx.scope.sessionToken }),
    ),
});
