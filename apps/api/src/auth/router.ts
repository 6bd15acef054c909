import { nameSchema } from "@quarterdeck/core/actions/names";
import * as z from "zod";
import { procedure, router } from "../trpc.ts";
import { readState, setUp, signIn, signOut } from "./service.ts";
import { authStateViewSchema, meViewSchema } from "./views.ts";

const open = { scope: "public", permission: null } as const;
const email = z.string().trim().toLowerCase().max(254).pipe(z.email("This is not an e-mail address."));
// Long enough for any passphrase, short enough that hashing it is no attack.
const password = z.string().min(1, "Enter your password.").max(1024, "Use at most 1,024 characters.");

export const authRouter = router({
  state: procedure(open)
    .output(authStateViewSchema)
    .query(({ ctx }) => readState(ctx)),
  setUp: procedure(open)
    .input(z.strictObject({ setupToken: z.string().max(200), email, password, orgName: nameSchema }))
    .output(meViewSchema)
    .mutation(({ ctx, input }) => setUp(ctx, input)),
  signIn: procedure(open)
    .input(z.strictObject({ email, password }))
    .output(meViewSchema)
    .mutation(({ ctx, input }) => signIn(ctx, input)),
  signOut: procedure(open)
    .output(z.null())
    .mutation(async ({ ctx }) => {
      await signOut(ctx);
      return null;
    }),
});
