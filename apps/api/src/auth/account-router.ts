import { nameSchema } from "@quarterdeck/core/actions/names";
import { idSchema } from "@quarterdeck/core/ids";
import * as z from "zod";
import { procedure, router } from "../trpc.ts";
import { readAccountView, readSessions, revokeOtherSessions, revokeSession } from "./account-service.ts";
import { accountViewSchema, sessionViewSchema } from "./account-views.ts";
import { requestEmailChange } from "./change-email.ts";
import {
  addPasskey,
  confirmTotp,
  nameAPasskey,
  newRecoveryCodes,
  passkeySetUpOptions,
  removePasskey,
  removeTotp,
  startTotpSetUp,
} from "./change-factors.ts";
import { changePassword, removePassword } from "./change-password.ts";
import { codeSchema, emailSchema, passwordSchema } from "./credential-schemas.ts";
import { authenticationSchema, registrationSchema } from "./passkey-schemas.ts";
import { stepUp, stepUpOptions } from "./step-up.ts";

const own = procedure({ scope: "account", permission: null });
const newCodesSchema = z.strictObject({ recoveryCodes: z.array(z.string()).readonly().nullable() });
const passkey = z.strictObject({ passkeyId: idSchema("passkey") });

const done = async (work: Promise<unknown>): Promise<null> => {
  await work;
  return null;
};

/** What is an account's own: how it is signed in to, and where it is. */
export const accountRouter = router({
  get: own.output(accountViewSchema).query(({ ctx }) => readAccountView(ctx)),
  sessions: own.output(z.array(sessionViewSchema)).query(({ ctx }) => readSessions(ctx)),
  revokeSession: own
    .input(z.strictObject({ signInId: idSchema("signIn") }))
    .output(z.null())
    .mutation(({ ctx, input }) => done(revokeSession(ctx, input.signInId))),
  revokeOtherSessions: own
    .output(z.strictObject({ ended: z.int() }))
    .mutation(async ({ ctx }) => ({ ended: await revokeOtherSessions(ctx) })),
  // A mutation, because the challenge is kept.
  stepUpOptions: own.mutation(({ ctx }) => stepUpOptions(ctx)),
  stepUp: own
    .input(
      z.discriminatedUnion("kind", [
        z.strictObject({ kind: z.literal("password"), password: passwordSchema }),
        z.strictObject({ kind: z.literal("code"), code: codeSchema }),
        z.strictObject({ kind: z.literal("passkey"), response: authenticationSchema }),
      ]),
    )
    .output(z.null())
    .mutation(({ ctx, input }) => done(stepUp(ctx, input))),
  requestEmailChange: own
    .input(z.strictObject({ email: emailSchema }))
    .output(z.null())
    .mutation(({ ctx, input }) => done(requestEmailChange(ctx, input.email))),
  changePassword: own
    .input(z.strictObject({ current: passwordSchema.nullable(), password: passwordSchema }))
    .output(z.null())
    .mutation(({ ctx, input }) => done(changePassword(ctx, input))),
  removePassword: own.output(z.null()).mutation(({ ctx }) => done(removePassword(ctx))),
  startTotp: own
    .output(z.strictObject({ secret: z.string(), uri: z.string() }))
    .mutation(({ ctx }) => startTotpSetUp(ctx)),
  confirmTotp: own
    .input(z.strictObject({ code: codeSchema }))
    .output(newCodesSchema)
    .mutation(({ ctx, input }) => confirmTotp(ctx, input.code)),
  removeTotp: own.output(z.null()).mutation(({ ctx }) => done(removeTotp(ctx))),
  newRecoveryCodes: own
    .output(newCodesSchema)
    .mutation(async ({ ctx }) => ({ recoveryCodes: await newRecoveryCodes(ctx) })),
  startPasskey: own.mutation(({ ctx }) => passkeySetUpOptions(ctx)),
  addPasskey: own
    .input(z.strictObject({ name: nameSchema, response: registrationSchema }))
    .output(newCodesSchema)
    .mutation(({ ctx, input }) => addPasskey(ctx, input)),
  renamePasskey: own
    .input(passkey.extend({ name: nameSchema }))
    .output(z.null())
    .mutation(({ ctx, input }) => done(nameAPasskey(ctx, input))),
  removePasskey: own
    .input(passkey)
    .output(z.null())
    .mutation(({ ctx, input }) => done(removePasskey(ctx, input.passkeyId))),
});
