import { idSchema } from "@quarterdeck/core/ids";
import * as z from "zod";
import { roles } from "./permissions.ts";
import type { Caller } from "./scope.ts";

/** Who is signed in, and for which org. */
export const meViewSchema = z.strictObject({
  userId: idSchema("user"),
  email: z.string(),
  orgId: idSchema("org"),
  orgName: z.string(),
  /** On the org; null: only what grants on parts of it give. */
  role: z.enum(roles).nullable(),
});
export type MeView = z.infer<typeof meViewSchema>;

export const authStateViewSchema = z.strictObject({ needsSetup: z.boolean(), me: meViewSchema.nullable() });

export function toMe({ userId, email, orgId, orgName, role }: Caller): MeView {
  return { userId, email, orgId, orgName, role };
}

/** What signing in came to: somebody is in, or has to give a second factor with the token of this attempt. */
export const signInViewSchema = z.discriminatedUnion("step", [
  z.strictObject({ step: z.literal("done"), me: meViewSchema }),
  z.strictObject({
    step: z.literal("secondFactor"),
    pendingToken: z.string(),
    hasTotp: z.boolean(),
    hasPasskey: z.boolean(),
  }),
]);
export type SignInView = z.infer<typeof signInViewSchema>;
