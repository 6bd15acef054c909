import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "@libsql/client";
import { SqlLedger } from "@quarterdeck/core/quota/ledger/sql-ledger";
import { sqlLedgerSchema } from "@quarterdeck/core/quota/ledger/sql-ledger-schema";
import { runLater, type SqlStatement, type SqlSteps } from "@quarterdeck/core/quota/sql-statement";
import { describeLedger } from "@quarterdeck/core/test/ledger-contract";
import { contractOptions, performSteps, type LedgerOperation } from "@quarterdeck/core/test/ledger-operations";
import type { LedgerUnderTest } from "@quarterdeck/core/test/ledger-under-test";
import { expect, test } from "vitest";
import { Writer } from "../src/writer.ts";

// The ledger's contract on a libSQL file, through the API's own writer: what is asked at the same time is one commit.

async function open() {
  const folder = await mkdtemp(join(tmpdir(), "quarterdeck-ledger-"));
  const client = createClient({ url: `file:${folder}/test.db` });
  await client.execute("PRAGMA journal_mode = WAL");
  await client.batch(sqlLedgerSchema(contractOptions.resources), "write");
  let commits = 0;
  const writer = new Writer(client, { onCommit: () => commits++ });
  const run = async (statement: SqlStatement) => (await writer.commit([statement]))[0]?.rows ?? [];
  return {
    ledger: new SqlLedger(contractOptions),
    later: <T>(steps: SqlSteps<T>) => runLater(steps, run),
    commits: () => commits,
    async [Symbol.asyncDispose]() {
      await writer.close();
      client.close();
      await rm(folder, { recursive: true });
    },
  };
}

describeLedger("in SQL on libSQL, through the writer", {
  histories: 10,
  crowd: 10_000,
  open: async (): Promise<LedgerUnderTest> => {
    const opened = await open();
    const perform = (operation: LedgerOperation) => opened.later(performSteps(opened.ledger, operation));
    return {
      async perform(operations) {
        const answers = [];
        for (const operation of operations) answers.push(await perform(operation));
        return answers;
      },
      performAtOnce: (operations) => Promise.all(operations.map(perform)),
      [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
    };
  },
});

test("what is reserved at the same time is one commit, also where some of it is refused", async () => {
  await using opened = await open();
  const { ledger, later, commits } = opened;
  await later(ledger.addNode({ id: "org", parentId: null, limit: Float64Array.of(60, 1, 1) }));
  const before = commits();
  const request = (n: number) => ({ id: `r${n}`, nodeId: "org", amounts: Float64Array.of(1, 0, 0) });
  const answers = await Promise.all(Array.from({ length: 64 }, (_, n) => later(ledger.reserve(request(n)))));
  expect(answers.filter(({ ok }) => ok)).toHaveLength(60);
  expect(commits() - before).toBe(3); // The writes, and the two reads that say why four were refused.
});
