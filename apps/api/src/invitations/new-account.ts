import type { UserId } from "@quarterdeck/core/ids";
import type { SQL } from "drizzle-orm";
import { checkNewPassword, hashPassword } from "../auth/password.ts";
import { insertWhen } from "../db/insert-when.ts";
import { users } from "../db/schema.ts";
import type { Runtime } from "../runtime.ts";
import type { Statement } from "../writer.ts";

/**
 * The statements that make an account, for the unit that says why. They make none where the condition does not hold, or the
 * address has an account: then the last of them changes no row.
 */
export async function newAccount(
  runtime: Runtime,
  { email, factor }: { email: string; factor: { readonly password: string } },
  condition: SQL,
): Promise<{ userId: UserId; statements: readonly Statement[] }> {
  checkNewPassword(factor.password, email);
  const userId = runtime.makeId("user");
  const row = { userId, email, passwordHash: await hashPassword(factor.password), createdAtMs: runtime.clock.nowMs() };
  return { userId, statements: [insertWhen(users, row, condition)] };
}
