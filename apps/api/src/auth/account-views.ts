import { idSchema } from "@quarterdeck/core/ids";
import * as z from "zod";

const passkeyViewSchema = z.strictObject({
  passkeyId: idSchema("passkey"),
  name: z.string(),
  createdAtMs: z.number(),
  lastUsedAtMs: z.number().nullable(),
});

/** What an account is signed in to with. */
export const accountViewSchema = z.strictObject({
  email: z.string(),
  hasPassword: z.boolean(),
  hasTotp: z.boolean(),
  recoveryCodesLeft: z.int(),
  passkeys: z.array(passkeyViewSchema),
});
export type AccountView = z.infer<typeof accountViewSchema>;

/** Somebody who is signed in to the account, or it is this very session. */
export const sessionViewSchema = z.strictObject({
  signInId: idSchema("signIn"),
  isCurrent: z.boolean(),
  /** Empty where the browser does not say. */
  browser: z.string(),
  system: z.string(),
  address: z.string(),
  createdAtMs: z.number(),
  lastUsedAtMs: z.number(),
});
export type SessionView = z.infer<typeof sessionViewSchema>;
