import { idSchema } from "@quarterdeck/core/ids";
import * as z from "zod";
import { roles } from "../auth/permissions.ts";

export const invitationViewSchema = z.strictObject({
  invitationId: idSchema("invitation"),
  email: z.string(),
  role: z.enum(roles),
  /** The email of who invited. */
  invitedBy: z.string(),
  createdAtMs: z.int(),
  expiresAtMs: z.int(),
  state: z.enum(["open", "expired", "revoked", "accepted"]),
});
export type InvitationView = z.infer<typeof invitationViewSchema>;

/** With the link, which is shown this once. */
export const newInvitationViewSchema = z.strictObject({
  invitation: invitationViewSchema,
  link: z.string(),
  /** Whether it went out by mail. `none`: the platform sends no mail, so the link has to be handed over. */
  mail: z.enum(["sent", "failed", "none"]),
});
export type NewInvitationView = z.infer<typeof newInvitationViewSchema>;

/** What who holds a link is told before accepting it. */
export const invitationOfferSchema = z.strictObject({
  orgName: z.string(),
  email: z.string(),
  role: z.enum(roles),
  invitedBy: z.string(),
  expiresAtMs: z.int(),
  /** Whether there is an account with this email: then it is signed in to, else it is made. */
  hasAccount: z.boolean(),
});
export type InvitationOffer = z.infer<typeof invitationOfferSchema>;
