import { idSchema } from "@quarterdeck/core/ids";
import * as z from "zod";
import { roles } from "../auth/permissions.ts";

const role = z.enum(roles);

const grantSchema = z.strictObject({
  workspaceId: idSchema("workspace"),
  /** Null: on the workspace, with all its projects. */
  projectId: idSchema("project").nullable(),
  role,
});

/** What somebody is in an org. */
export const rightsViewSchema = z.strictObject({
  /** On the org. Null: only what the grants give. */
  role: role.nullable(),
  grants: z.array(grantSchema),
});

export const memberViewSchema = rightsViewSchema.extend({
  userId: idSchema("user"),
  email: z.string(),
  grants: z.array(grantSchema.extend({ workspaceName: z.string(), projectName: z.string().nullable() })),
  joinedAtMs: z.int(),
});
export type MemberView = z.infer<typeof memberViewSchema>;

export const memberPageSchema = z.strictObject({
  members: z.array(memberViewSchema),
  /** The e-mail address after which the next page begins; null at the end. */
  nextCursor: z.string().nullable(),
});
export type MemberPage = z.infer<typeof memberPageSchema>;

/** Who may do something somewhere, and by which roles. */
export const whoMaySchema = z.array(
  z.strictObject({ userId: idSchema("user"), email: z.string(), roles: z.array(role) }),
);
export type WhoMay = z.infer<typeof whoMaySchema>;
