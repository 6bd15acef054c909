import { idSchema } from "@quarterdeck/core/ids";
import * as z from "zod";
import { roles } from "../auth/permissions.ts";
import { procedure, router } from "../trpc.ts";
import { removeMember, setRole } from "./service.ts";
import { memberViewSchema } from "./views.ts";

const member = z.strictObject({ userId: idSchema("user") });
const manage = { scope: "org", permission: "members.manage" } as const;

export const membersRouter = router({
  remove: procedure(manage)
    .input(member)
    .output(z.null())
    .mutation(async ({ ctx, input }) => {
      await removeMember(ctx.runtime, ctx.scope, input.userId);
      return null;
    }),
  setRole: procedure(manage)
    .input(member.extend({ role: z.enum(roles) }))
    .output(memberViewSchema)
    .mutation(({ ctx, input }) => setRole(ctx.runtime, ctx.scope, input)),
});
