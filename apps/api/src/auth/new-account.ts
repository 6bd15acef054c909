import { randomBytes } from "node:crypto";
import { makeId, type UserId } from "@quarterdeck/core/ids";
import type { RegistrationResponseJSON } from "@simplewebauthn/server";
import type { SQL } from "drizzle-orm";
import { insertWhen, previousChanged } from "../db/insert-when.ts";
import { users } from "../db/schema.ts";
import type { Runtime } from "../runtime.ts";
import type { Statement } from "../writer.ts";
import { insertPasskey } from "./passkeys-repo.ts";
import { checkNewPassword, hashPassword } from "./password.ts";
import { registrationOptions, verifyRegistration, type PasskeyCreation } from "./webauthn.ts";

/** With what somebody will sign in to an account that is being made. */
export type FirstFactor =
  | { readonly password: string }
  /** An answer to the options of `firstPasskeyOptions`, for the same user. */
  | { readonly passkey: { readonly userId: UserId; readonly response: RegistrationResponseJSON } };

interface NewAccount {
  /** Lower case, and known to be this person's: a link that was sent there has been opened. */
  readonly email: string;
  readonly factor: FirstFactor;
}

/** The user that will be, and what a browser is asked to make a passkey for it. */
export async function firstPasskeyOptions(
  runtime: Runtime,
  email: string,
): Promise<{ userId: UserId; options: PasskeyCreation }> {
  const userId = makeId("user", runtime.clock.nowMs(), randomBytes(16));
  const ceremony = { kind: "first", userId } as const;
  return { userId, options: await registrationOptions(runtime, { ceremony, email, existing: [] }) };
}

/**
 * The statements that make an account, for the unit that says why (a claim, an invitation, an open sign-up). They make none
 * where the condition does not hold, or the address has an account: then the last of them changes no row.
 *
 * @throws QuarterdeckError BAD_REQUEST for a weak password, PASSKEY_REFUSED
 */
export async function newAccount(
  runtime: Runtime,
  { email, factor }: NewAccount,
  condition: SQL,
): Promise<{ userId: UserId; statements: readonly Statement[] }> {
  const createdAtMs = runtime.clock.nowMs();
  if ("password" in factor) {
    await checkNewPassword(factor.password, email);
    const userId = runtime.makeId("user");
    const row = { userId, email, passwordHash: await hashPassword(factor.password), createdAtMs };
    return { userId, statements: [insertWhen(users, row, condition)] };
  }
  const { userId, response } = factor.passkey;
  const credential = await verifyRegistration(runtime, { kind: "first", userId }, response);
  const passkey = { ...credential, passkeyId: runtime.makeId("passkey"), userId, name: "Passkey", createdAtMs };
  return {
    userId,
    statements: [
      insertWhen(users, { userId, email, passwordHash: null, createdAtMs }, condition),
      insertPasskey(passkey, previousChanged),
    ],
  };
}
