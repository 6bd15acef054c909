import { idSchema } from "@quarterdeck/core/ids";
import * as z from "zod";
import { servicePermissions, serviceRoles } from "../auth/permissions.ts";

export const keyViewSchema = z.strictObject({
  keyId: idSchema("key"),
  /** Its last characters. */
  hint: z.string(),
  createdBy: z.string(),
  createdAtMs: z.int(),
  /** Null: it does not end by itself. */
  endsAtMs: z.int().nullable(),
  revokedAtMs: z.int().nullable(),
  /** To within some minutes; null: never. */
  lastUsedAtMs: z.int().nullable(),
  lastUsedAddress: z.string().nullable(),
  isLive: z.boolean(),
});

export const serviceAccountViewSchema = z.strictObject({
  serviceAccountId: idSchema("user"),
  name: z.string(),
  placeId: z.union([idSchema("org"), idSchema("workspace"), idSchema("project")]),
  /** Null on the org. */
  placeName: z.string().nullable(),
  role: z.enum(serviceRoles),
  /** Nothing but these; null: all that the role gives to service accounts. */
  permissions: z.array(z.enum(servicePermissions)).nullable(),
  createdBy: z.string(),
  createdAtMs: z.int(),
  /** The newest first, with those that ended in the last month. */
  keys: z.array(keyViewSchema),
});
export type ServiceAccountView = z.infer<typeof serviceAccountViewSchema>;

/** An account with a new key, which is answered this once and stored nowhere. */
export const madeKeySchema = z.strictObject({ account: serviceAccountViewSchema, apiKey: z.string() });
export type MadeKey = z.infer<typeof madeKeySchema>;
