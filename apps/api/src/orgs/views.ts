import { idSchema } from "@quarterdeck/core/ids";
import * as z from "zod";
import { roles } from "../auth/permissions.ts";

export const orgViewSchema = z.strictObject({
  orgId: idSchema("org"),
  name: z.string(),
  role: z.enum(roles).nullable(),
});
export type OrgView = z.infer<typeof orgViewSchema>;
