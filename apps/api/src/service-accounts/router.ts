import { nameSchema } from "@quarterdeck/core/actions/names";
import { idSchema } from "@quarterdeck/core/ids";
import * as z from "zod";
import { servicePermissions, serviceRoles } from "../auth/permissions.ts";
import { procedure, router } from "../trpc.ts";
import { addKey, revokeKey, rotateKey } from "./key-service.ts";
import { createServiceAccount, listServiceAccounts, removeServiceAccount, setRights } from "./service.ts";
import { madeKeySchema, serviceAccountViewSchema } from "./views.ts";

const longestDays = 365;
const longestOverlapHours = 7 * 24;

const manage = { scope: "org", permission: "serviceAccounts.manage", at: "placeId" } as const;
const place = z.strictObject({ placeId: z.union([idSchema("org"), idSchema("workspace"), idSchema("project")]) });
/** With its place, where the permission is needed. */
const account = place.extend({ serviceAccountId: idSchema("user") });
const key = account.extend({ keyId: idSchema("key") });
const rights = {
  role: z.enum(serviceRoles),
  permissions: z.array(z.enum(servicePermissions)).min(1).max(servicePermissions.length).nullable().default(null),
};
/** Null: the key does not end by itself, which an owner may choose. */
const life = { expiresInDays: z.int().min(1).max(longestDays).nullable().default(90) };

export const serviceAccountsRouter = router({
  list: procedure({ scope: "org", permission: "serviceAccounts.manage", at: "anywhere" })
    .output(z.array(serviceAccountViewSchema))
    .query(({ ctx }) => listServiceAccounts(ctx.runtime, ctx.scope)),
  create: procedure(manage)
    .input(place.extend({ name: nameSchema, ...rights, ...life }))
    .output(madeKeySchema)
    .mutation(({ ctx, input }) => createServiceAccount(ctx.runtime, ctx.scope, input)),
  setRights: procedure(manage)
    .input(account.extend(rights))
    .output(serviceAccountViewSchema)
    .mutation(({ ctx, input }) => setRights(ctx.runtime, ctx.scope, input)),
  remove: procedure(manage)
    .input(account)
    .output(z.null())
    .mutation(async ({ ctx, input }) => {
      await removeServiceAccount(ctx.runtime, ctx.scope, input);
      return null;
    }),
  addKey: procedure(manage)
    .input(account.extend(life))
    .output(madeKeySchema)
    .mutation(({ ctx, input }) => addKey(ctx.runtime, ctx.scope, input)),
  /** Makes a key that comes after one; that one goes on for a while. */
  rotateKey: procedure(manage)
    .input(key.extend({ ...life, overlapHours: z.int().min(0).max(longestOverlapHours).default(24) }))
    .output(madeKeySchema)
    .mutation(({ ctx, input }) => rotateKey(ctx.runtime, ctx.scope, input)),
  revokeKey: procedure(manage)
    .input(key)
    .output(serviceAccountViewSchema)
    .mutation(({ ctx, input }) => revokeKey(ctx.runtime, ctx.scope, input)),
});
