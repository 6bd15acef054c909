import { idSchema } from "@quarterdeck/core/ids";
import * as z from "zod";
import { roles } from "../auth/permissions.ts";

/** An org as its members see it. */
export const orgViewSchema = z.strictObject({
  orgId: idSchema("org"),
  name: z.string(),
  role: z.enum(roles).nullable(),
  /** When it is deleted; until then it can only be read. Null: nobody asked for that. */
  deleteAtMs: z.int().nullable(),
  /** Members need a second factor. */
  requiresMfa: z.boolean(),
});
export type OrgView = z.infer<typeof orgViewSchema>;

/** One of the orgs that somebody is in. */
const membershipViewSchema = z.strictObject({
  orgId: idSchema("org"),
  name: z.string(),
  role: z.enum(roles).nullable(),
  deleteAtMs: z.int().nullable(),
  /** The session works in it. */
  isActive: z.boolean(),
});

export const membershipsViewSchema = z.strictObject({
  orgs: z.array(membershipViewSchema),
  /** Whether this account may make one more. */
  mayCreate: z.boolean(),
  /** How many it may own. */
  most: z.int(),
});
export type MembershipsView = z.infer<typeof membershipsViewSchema>;

/** Who may come in, and from where the one who asks comes. */
export const accessViewSchema = z.strictObject({
  addresses: z.array(z.string()),
  requiresMfa: z.boolean(),
  yourAddress: z.string(),
});
export type AccessView = z.infer<typeof accessViewSchema>;

export const successorViewSchema = z.strictObject({
  userId: idSchema("user"),
  email: z.string(),
  role: z.enum(roles).nullable(),
});
