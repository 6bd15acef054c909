import { idSchema } from "@quarterdeck/core/ids";
import * as z from "zod";
import { roles } from "./permissions.ts";

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
