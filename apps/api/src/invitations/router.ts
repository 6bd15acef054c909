import { idSchema } from "@quarterdeck/core/ids";
import * as z from "zod";
import { roles } from "../auth/permissions.ts";
import { signedInViewSchema } from "../auth/views.ts";
import { procedure, router } from "../trpc.ts";
import { accept, acceptAsNew, readOffer } from "./accept.ts";
import { defaultDays, invite, listInvitations, mostDays, resendInvitation, revokeInvitation } from "./service.ts";
import { invitationOfferSchema, invitationViewSchema, newInvitationViewSchema } from "./views.ts";

const invites = { scope: "org", permission: "members.invite", at: "org" } as const;
const open = { scope: "public", permission: null } as const;
const email = z.string().trim().toLowerCase().max(254).pipe(z.email("This is not an e-mail address."));
const invitation = z.strictObject({ invitationId: idSchema("invitation") });
const link = z.strictObject({ token: z.string().max(200) });
const password = z.string().min(1, "Enter a password.").max(1024, "Use at most 1,024 characters.");

export const invitationsRouter = router({
  list: procedure(invites)
    .output(z.array(invitationViewSchema))
    .query(({ ctx }) => listInvitations(ctx.runtime, ctx.scope)),
  create: procedure(invites)
    .input(
      z.strictObject({
        email,
        role: z.enum(roles),
        days: z.int().min(1).max(mostDays, `An invitation lives at most ${mostDays} days.`).default(defaultDays),
      }),
    )
    .output(newInvitationViewSchema)
    .mutation(({ ctx, input }) => invite(ctx.runtime, ctx.scope, input)),
  resend: procedure(invites)
    .input(invitation)
    .output(newInvitationViewSchema)
    .mutation(({ ctx, input }) => resendInvitation(ctx.runtime, ctx.scope, input.invitationId)),
  revoke: procedure(invites)
    .input(invitation)
    .output(invitationViewSchema)
    .mutation(({ ctx, input }) => revokeInvitation(ctx.runtime, ctx.scope, input.invitationId)),
  // A mutation, so that the token is in no address and in no log.
  offer: procedure(open)
    .input(link)
    .output(invitationOfferSchema)
    .mutation(({ ctx, input }) => readOffer(ctx, input.token)),
  accept: procedure({ scope: "account", permission: null })
    .input(link)
    .output(z.strictObject({ orgId: idSchema("org") }))
    .mutation(({ ctx, input }) => accept(ctx, ctx.scope, input.token)),
  acceptAsNew: procedure(open)
    .input(link.extend({ password }))
    .output(signedInViewSchema)
    .mutation(({ ctx, input }) => acceptAsNew(ctx, input)),
});
