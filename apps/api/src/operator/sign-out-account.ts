import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import { sql } from "drizzle-orm";
import { endSessions } from "../auth/end-sessions.ts";
import { findUserByEmail } from "../auth/repo.ts";
import type { Runtime } from "../runtime.ts";
import { recordOperatorAct, type OperatorActor } from "./operator-audit.ts";

/**
 * Ends every session of an account, with what is open in them. It may sign in again.
 *
 * @returns how many ended
 * @throws QuarterdeckError NOT_FOUND for an address without an account
 */
export async function signOutAccount(runtime: Runtime, actor: OperatorActor, email: string): Promise<number> {
  const user = await findUserByEmail(runtime.db, email);
  if (user === null)
    throw new QuarterdeckError("NOT_FOUND", `There is no account ${email}. List them: quarterdeck admin users`);
  const { userId } = user;
  const act = { action: "operator.signOut", subject: userId, detail: null };
  const before = [recordOperatorAct(runtime, actor, { act, condition: sql`true` })];
  return (await endSessions(runtime, { userId, choice: "all" }, { before })).ended;
}
