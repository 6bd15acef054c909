import * as z from "zod";

export const emailSchema = z.string().trim().toLowerCase().max(254).pipe(z.email("This is not an e-mail address."));

// Long enough for any passphrase, short enough that hashing it is no attack.
export const passwordSchema = z.string().min(1, "Enter your password.").max(1024, "Use at most 1,024 characters.");

/** A code of an authenticator app, or a recovery code. */
export const codeSchema = z.string().trim().min(6, "Enter the code.").max(40, "This is no code.");

/** A token that came in a link or an answer. */
export const tokenSchema = z.string().max(200);
