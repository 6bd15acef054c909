import { quotaResources } from "@quarterdeck/core/quota/quota-resources";
import { SqlLedger } from "@quarterdeck/core/quota/ledger/sql-ledger";
import { runLater, type SqlStatement, type SqlSteps } from "@quarterdeck/core/quota/sql-statement";
import type { Writer } from "../writer.ts";

/** The ledger of what orgs may have. */
export const planLedger = new SqlLedger({ resources: quotaResources });

/** Takes steps of that ledger. */
export function askPlanLedger<T>({ writer }: { readonly writer: Writer }, steps: SqlSteps<T>): Promise<T> {
  return runLater(steps, async (statement: SqlStatement) => (await writer.commit([statement]))[0]?.rows ?? []);
}
