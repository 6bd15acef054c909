import { idSchema } from "@quarterdeck/core/ids";
import * as z from "zod";
import { permissionNames, roles } from "../auth/permissions.ts";
import { procedure, router } from "../trpc.ts";
import { removeGrant, setGrant } from "./grant-service.ts";
import { listMembers, removeMember, setRole, whoMay } from "./service.ts";
import { memberPageSchema, memberViewSchema, rightsViewSchema, whoMaySchema } from "./views.ts";

const member = z.strictObject({ userId: idSchema("user") });
const grant = member.extend({ placeId: z.union([idSchema("workspace"), idSchema("project")]) });
const read = { scope: "org", permission: "members.read", at: "org" } as const;
const manage = { scope: "org", permission: "members.manage", at: "org" } as const;
const give = { scope: "org", permission: "grants.manage", at: "placeId" } as const;

export const membersRouter = router({
  list: procedure(read)
    .input(
      z.strictObject({
        search: z.string().trim().max(254).default(""),
        limit: z.int().min(1).max(100).default(50),
        cursor: z.string().max(254).nullish(),
        /** TanStack Query's infinite queries send it; there is one direction only. */
        direction: z.literal("forward").optional(),
      }),
    )
    .output(memberPageSchema)
    .query(({ ctx, input }) => listMembers(ctx.runtime, ctx.scope, input)),
  /** What the caller is. */
  rights: procedure({ scope: "org", permission: "org.read", at: "anywhere" })
    .output(rightsViewSchema)
    .query(({ ctx: { scope } }) => ({ role: scope.role, grants: [...scope.grants] })),
  whoMay: procedure({ ...read, at: "placeId" })
    .input(
      z.strictObject({
        permission: z.enum(permissionNames),
        placeId: z.union([idSchema("org"), idSchema("workspace"), idSchema("project")]),
      }),
    )
    .output(whoMaySchema)
    .query(({ ctx, input }) => whoMay(ctx.runtime, ctx.scope, input)),
  remove: procedure({ ...manage, needsRecentAuth: true })
    .input(member)
    .output(z.null())
    .mutation(async ({ ctx, input }) => {
      await removeMember(ctx.runtime, ctx.scope, input.userId);
      return null;
    }),
  setRole: procedure({ ...manage, needsRecentAuth: true })
    .input(member.extend({ role: z.enum(roles).nullable() }))
    .output(memberViewSchema)
    .mutation(({ ctx, input }) => setRole(ctx.runtime, ctx.scope, input)),
  setGrant: procedure({ ...give, needsRecentAuth: true })
    .input(grant.extend({ role: z.enum(roles) }))
    .output(memberViewSchema)
    .mutation(({ ctx, input }) => setGrant(ctx.runtime, ctx.scope, input)),
  removeGrant: procedure(give)
    .input(grant)
    .output(memberViewSchema)
    .mutation(({ ctx, input }) => removeGrant(ctx.runtime, ctx.scope, input)),
});
