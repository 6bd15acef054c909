import type { UserId } from "@quarterdeck/core/ids";
import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import { recordAudit } from "../audit/repo.ts";
import type { Context } from "../context.ts";
import type { Statement } from "../writer.ts";
import { readCaller } from "./repo.ts";

interface AccountEntry {
  readonly userId: UserId | null;
  readonly action: string;
  readonly outcome?: "done" | "refused";
  readonly detail?: string;
  /** Somebody who has not proved to be the account's owner. */
  readonly isAnonymous?: boolean;
}

type Auditing = Pick<Context, "runtime" | "caller" | "address">;

/** Where nobody is signed in yet: what is done with an account is recorded for the org that it would be in. */
export async function inOrgOf({ runtime, caller, address }: Auditing, userId: UserId | null): Promise<Auditing> {
  if (caller !== null || userId === null) return { runtime, caller, address };
  return { runtime, caller: await readCaller(runtime.db, userId, null), address };
}

/** The entry of what happens to an account: in the org that its session is in, where there is one. */
export function auditAccount(
  { runtime, caller, address }: Auditing,
  { userId, action, outcome = "done", detail, isAnonymous = false }: AccountEntry,
  condition: SQL = sql`true`,
): Statement {
  return recordAudit(
    runtime,
    {
      orgId: caller?.orgId ?? null,
      actor: isAnonymous || userId === null ? "anonymous" : userId,
      address,
      action,
      subject: userId,
      outcome,
      detail: detail ?? null,
    },
    condition,
  );
}
