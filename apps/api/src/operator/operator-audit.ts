import type { SQL } from "drizzle-orm";
import { recordOnceAnHour } from "../audit/once-an-hour.ts";
import { recordAudit } from "../audit/repo.ts";
import type { AccountScope } from "../auth/scope.ts";
import type { Runtime } from "../runtime.ts";
import type { Statement } from "../writer.ts";

/** Who acts for the platform: an operator in the console, or whoever has its command line. */
export type OperatorActor = Pick<AccountScope, "userId" | "address"> | "command line";

interface Act {
  readonly action: string;
  readonly subject: string | null;
  readonly detail: string | null;
}

/** The entry of what an operator changed, in the platform's own chain, for the unit that changes it. */
export function recordOperatorAct(
  runtime: Pick<Runtime, "clock" | "makeId">,
  actor: OperatorActor,
  { act, condition }: { act: Act; condition: SQL },
): Statement {
  const who = actor === "command line" ? { actor: "platform", address: null } : fromConsole(actor);
  return recordAudit(runtime, { orgId: null, ...who, ...act, outcome: "done" }, condition);
}

/** Records that somebody read as an operator. The same again within an hour is one entry. */
export async function recordOperatorRead(runtime: Runtime, scope: AccountScope, path: string): Promise<void> {
  const entry = { action: path, subject: null, outcome: "done", detail: "read" } as const;
  await runtime.writer.commit([recordOnceAnHour(runtime, { orgId: null, ...fromConsole(scope), ...entry })]);
}

function fromConsole({ userId, address }: Pick<AccountScope, "userId" | "address">) {
  return { actor: userId, address };
}
