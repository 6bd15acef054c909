import { idSchema } from "@quarterdeck/core/ids";
import * as z from "zod";
import { roles } from "./permissions.ts";
import type { Account, Caller } from "./scope.ts";

/** Who is signed in, and for which org. */
const meViewSchema = z.strictObject({
  userId: idSchema("user"),
  email: z.string(),
  orgId: idSchema("org"),
  orgName: z.string(),
  /** On the org; null: only what grants on parts of it give. */
  role: z.enum(roles).nullable(),
});
type MeView = z.infer<typeof meViewSchema>;

/** Whose session it is, whatever the org. */
const signedInAccountSchema = z.strictObject({ userId: idSchema("user"), email: z.string() });

/** Somebody who is signed in. `me` is null for an account that is in no org. */
export const signedInViewSchema = z.strictObject({ account: signedInAccountSchema, me: meViewSchema.nullable() });
export type SignedInView = z.infer<typeof signedInViewSchema>;

export const authStateViewSchema = z.strictObject({
  needsSetup: z.boolean(),
  /** Null: nobody is signed in. */
  account: signedInAccountSchema.nullable(),
  me: meViewSchema.nullable(),
});
export type AuthStateView = z.infer<typeof authStateViewSchema>;

function toMe({ userId, email, orgId, orgName, role }: Caller): MeView {
  return { userId, email, orgId, orgName, role };
}

export function toSignedIn({ userId, email }: Account, caller: Caller | null): SignedInView {
  return { account: { userId, email }, me: caller === null ? null : toMe(caller) };
}

/** What signing in came to: somebody is in, or has to give a second factor with the token of this attempt. */
export const signInViewSchema = z.discriminatedUnion("step", [
  signedInViewSchema.extend({ step: z.literal("done") }),
  z.strictObject({
    step: z.literal("secondFactor"),
    pendingToken: z.string(),
    hasTotp: z.boolean(),
    hasPasskey: z.boolean(),
  }),
]);
export type SignInView = z.infer<typeof signInViewSchema>;
