import { DurableObject } from "cloudflare:workers";
import { SqlLedger } from "@quarterdeck/core/quota/ledger/sql-ledger";
import { sqlLedgerSchema } from "@quarterdeck/core/quota/ledger/sql-ledger-schema";
import { runNow, type SqlRow } from "@quarterdeck/core/quota/sql-statement";
import { contractOptions, performSteps, type LedgerOperation } from "@quarterdeck/core/test/ledger-operations";

interface Env {
  readonly LEDGERS: DurableObjectNamespace<LedgerObject>;
}

/** An object whose storage holds a ledger, for tests: it does what it is sent, in one transaction. */
export class LedgerObject extends DurableObject {
  readonly #ledger = new SqlLedger(contractOptions);

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const { sql } = ctx.storage;
    const isMade = sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'quota_nodes'").toArray().length > 0;
    if (!isMade) for (const statement of sqlLedgerSchema(contractOptions.resources)) sql.exec(statement);
  }

  override async fetch(request: Request): Promise<Response> {
    const operations = (await request.json()) as LedgerOperation[];
    const { storage } = this.ctx;
    const run = (statement: { sql: string; args: readonly (string | number | null)[] }) =>
      storage.sql.exec(statement.sql, ...statement.args).toArray() as SqlRow[];
    const answers = storage.transactionSync(() =>
      operations.map((operation) => runNow(performSteps(this.#ledger, operation), run)),
    );
    return Response.json(answers);
  }
}

export default {
  fetch(request: Request, { LEDGERS }: Env): Promise<Response> {
    return LEDGERS.get(LEDGERS.idFromName(new URL(request.url).pathname)).fetch(request);
  },
};
