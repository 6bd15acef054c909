import * as z from "zod";

/** Which keys the platform has, by fingerprint, and how its servers stand to them. */
export const keyStatusSchema = z.strictObject({
  version: z.int(),
  current: z.string(),
  next: z.string(),
  previous: z.string().nullable(),
  revoked: z.array(z.string()),
  servers: z.array(
    z.strictObject({
      serverId: z.string(),
      name: z.string(),
      version: z.int(),
      standing: z.enum(["current", "behind", "lost"]),
      isOnline: z.boolean(),
    }),
  ),
});
export type KeyStatus = z.infer<typeof keyStatusSchema>;
