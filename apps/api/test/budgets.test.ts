import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "@libsql/client";
import { sqlBudgetSchema } from "@quarterdeck/core/quota/budgets/sql-budget-schema";
import { SqlBudgets } from "@quarterdeck/core/quota/budgets/sql-budgets";
import { runLater, type SqlStatement, type SqlSteps } from "@quarterdeck/core/quota/sql-statement";
import { describeBudget } from "@quarterdeck/core/test/budget-contract";
import { openInSql, tokens } from "@quarterdeck/core/test/budget-under-test";
import { expect, test } from "vitest";
import { Writer } from "../src/writer.ts";

// The contract of budgets on a libSQL file, through the API's own writer: what is asked at the same time is one commit.

const rule = { period: "day", timeZone: "Europe/Berlin", unit: tokens, limit: 100 } as const;
const noon = Date.UTC(2026, 10, 22, 12);

async function start() {
  const folder = await mkdtemp(join(tmpdir(), "quarterdeck-budgets-"));
  const client = createClient({ url: `file:${folder}/test.db` });
  await client.execute("PRAGMA journal_mode = WAL");
  await client.batch([...sqlBudgetSchema], "write");
  const writer = new Writer(client, { onCommit: () => undefined });
  const run = async (statement: SqlStatement) => (await writer.commit([statement]))[0]?.rows ?? [];
  return {
    budgets: new SqlBudgets(),
    take: <T>(steps: SqlSteps<T>) => runLater(steps, run),
    close: async () => {
      await writer.close();
      client.close();
      await rm(folder, { recursive: true });
    },
  };
}

describeBudget("in SQL on libSQL, through the writer", {
  histories: 5,
  open: async (opening, nowMs) => openInSql(await start(), opening, nowMs),
});

test("of many promises at the same time as much is made as is left, and across midnight each is of one day", async () => {
  const { budgets, take, close } = await start();
  await take(budgets.open("b", rule, noon));
  const midnight = Date.UTC(2026, 10, 22, 23);
  const asked = Array.from({ length: 600 }, (_, n) =>
    take(budgets.reserve("b", { id: `r${n}`, amount: 1, unit: tokens }, n % 2 ? midnight : midnight - 1)),
  );
  const made = (await Promise.all(asked)).flatMap((one) => (one.ok ? [one.value.name] : []));
  const snapshot = await take(budgets.snapshot("b"));
  expect(made.length).toBe(snapshot?.reservations.length);
  for (const { window, reserved, used } of snapshot?.tallies ?? []) {
    expect([used, reserved]).toEqual([0, made.filter((name) => name === window.name).length]);
    expect(reserved).toBeLessThanOrEqual(rule.limit);
  }
  expect(made.filter((name) => name === "2026-11-23")).toHaveLength(rule.limit);
  const settled = await Promise.all(Array.from({ length: 600 }, (_, n) => take(budgets.settle("b", `r${n}`, 2))));
  expect(settled.filter(({ ok }) => ok)).toHaveLength(made.length);
  expect(await take(budgets.standing("b", noon))).toMatchObject({ value: { used: 200, reserved: 0, over: 100 } });
  await close();
});
