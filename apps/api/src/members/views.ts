import { idSchema } from "@quarterdeck/core/ids";
import * as z from "zod";
import { roles } from "../auth/permissions.ts";

export const memberViewSchema = z.strictObject({ userId: idSchema("user"), role: z.enum(roles) });
export type MemberView = z.infer<typeof memberViewSchema>;
