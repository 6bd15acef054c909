import { nameSchema } from "@quarterdeck/core/actions/names";
import * as z from "zod";
import { isSignUpOpen } from "../settings/sign-up.ts";
import { procedure, router } from "../trpc.ts";
import { openEmailLink } from "./change-email.ts";
import { codeSchema, emailSchema, passwordSchema, tokenSchema } from "./credential-schemas.ts";
import { authenticationSchema } from "./passkey-schemas.ts";
import { requestReset, resetPassword } from "./reset-password.ts";
import { readState, setUp, signOut } from "./service.ts";
import { passkeyOptions, signIn, signInWithCode, signInWithPasskey } from "./sign-in.ts";
import { requestSignUp, signUp } from "./sign-up.ts";
import { authStateViewSchema, signedInViewSchema, signInViewSchema } from "./views.ts";

const open = procedure({ scope: "public", permission: null });
const email = emailSchema;
const password = passwordSchema;
const pendingToken = tokenSchema;

const done = async (work: Promise<unknown>): Promise<null> => {
  await work;
  return null;
};

/** For somebody who is not signed in yet. */
export const authRouter = router({
  state: open.output(authStateViewSchema).query(({ ctx }) => readState(ctx)),
  setUp: open
    .input(z.strictObject({ setupToken: tokenSchema, email, password, orgName: nameSchema }))
    .output(signedInViewSchema)
    .mutation(({ ctx, input }) => setUp(ctx, input)),
  signIn: open
    .input(z.strictObject({ email, password }))
    .output(signInViewSchema)
    .mutation(({ ctx, input }) => signIn(ctx, input)),
  signInWithCode: open
    .input(z.strictObject({ pendingToken, code: codeSchema }))
    .output(signedInViewSchema)
    .mutation(({ ctx, input }) => signInWithCode(ctx, input)),
  // A mutation, because the challenge is kept.
  passkeyOptions: open
    .input(z.strictObject({ pendingToken: pendingToken.nullable() }))
    .mutation(({ ctx, input }) => passkeyOptions(ctx, input.pendingToken)),
  signInWithPasskey: open
    .input(z.strictObject({ pendingToken: pendingToken.nullable(), response: authenticationSchema }))
    .output(signedInViewSchema)
    .mutation(({ ctx, input }) => signInWithPasskey(ctx, input)),
  signOut: open.output(z.null()).mutation(({ ctx }) => done(signOut(ctx))),
  requestReset: open
    .input(z.strictObject({ email }))
    .output(z.null())
    .mutation(({ ctx, input }) => done(requestReset(ctx, input.email))),
  resetPassword: open
    .input(z.strictObject({ token: tokenSchema, password }))
    .output(z.null())
    .mutation(({ ctx, input }) => done(resetPassword(ctx, input))),
  openEmailLink: open
    .input(z.strictObject({ token: tokenSchema }))
    .output(z.strictObject({ email: z.string() }))
    .mutation(({ ctx, input }) => openEmailLink(ctx, input.token)),
  signUpState: open
    .output(z.strictObject({ isOpen: z.boolean() }))
    .query(async ({ ctx }) => ({ isOpen: await isSignUpOpen(ctx.runtime) })),
  requestSignUp: open
    .input(z.strictObject({ email }))
    .output(z.null())
    .mutation(({ ctx, input }) => done(requestSignUp(ctx, input.email))),
  signUp: open
    .input(z.strictObject({ token: tokenSchema, password, orgName: nameSchema }))
    .output(signedInViewSchema)
    .mutation(({ ctx, input }) => signUp(ctx, input)),
});
