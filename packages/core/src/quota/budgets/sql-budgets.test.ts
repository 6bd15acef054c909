import { DatabaseSync } from "node:sqlite";
import { expect, it } from "vitest";
import { describeBudget } from "../../../test/budget-contract.ts";
import { openInSql, tokens } from "../../../test/budget-under-test.ts";
import { dayMs } from "../../units.ts";
import { runNow, type SqlRow, type SqlStatement, type SqlSteps } from "../sql-statement.ts";
import type { BudgetRule } from "./budget-rule.ts";
import { sqlBudgetSchema } from "./sql-budget-schema.ts";
import { SqlBudgets } from "./sql-budgets.ts";

const rule: BudgetRule = { period: "day", timeZone: "UTC", unit: tokens, limit: 100 };
const noon = Date.UTC(2026, 10, 22, 12);
const today = Date.UTC(2026, 10, 22);

function start() {
  const database = new DatabaseSync(":memory:");
  for (const statement of sqlBudgetSchema) database.exec(statement);
  const budgets = new SqlBudgets();
  const asked: string[] = [];
  const run = ({ sql, args }: SqlStatement): SqlRow[] => {
    asked.push(sql);
    return database.prepare(sql).all(...args) as SqlRow[];
  };
  const now = <T>(steps: SqlSteps<T>): T => runNow(steps, run);
  return { database, budgets, asked, run, now };
}

describeBudget("in SQL on node:sqlite", {
  histories: 60,
  open: async (opening, nowMs) => {
    const { database, budgets, now } = start();
    const take = async <T>(steps: SqlSteps<T>) => now(steps);
    return openInSql({ budgets, take, close: async () => database.close() }, opening, nowMs);
  },
});

const request = (id: string, amount: number) => ({ id, amount, unit: tokens });

it("opens a budget once, and is refused another one under its id; of what is not there nothing is known", () => {
  const { budgets, now } = start();
  expect(now(budgets.open("b", rule, noon))).toMatchObject({ value: { left: 100, window: { name: "2026-11-22" } } });
  expect(now(budgets.open("b", rule, noon + dayMs))).toMatchObject({ value: { window: { name: "2026-11-23" } } });
  expect(now(budgets.open("b", { ...rule, period: "month" }, noon))).toMatchObject({ error: { code: "CONFLICT" } });
  for (const steps of [
    budgets.reserve("x", request("a", 1), noon),
    budgets.settle("x", "a", 1),
    budgets.standing("x", noon),
    budgets.setLimit("x", 1),
    budgets.setTimeZone("x", "UTC", noon),
  ] as SqlSteps<unknown>[]) {
    expect(now(steps)).toMatchObject({ ok: false, error: { code: "NOT_FOUND" } });
  }
  expect(now(budgets.snapshot("x"))).toBeNull();
});

it("the database itself promises no more than is left, and nothing of a window that is closed or of no budget", () => {
  const { database, budgets, now } = start();
  now(budgets.open("b", rule, noon));
  const write = database.prepare("INSERT INTO budget_reservations VALUES (?, ?, ?, ?, ?)");
  expect(write.run("b", "all", 100, today, null).changes).toBe(1);
  for (const [id, amount, startMs, settled] of [
    ["more", 1, today, null],
    ["below", -1, today, null],
    ["yesterday", 0, today - dayMs, null],
    ["settled", 0, today, 0],
  ] as const) {
    expect(write.run("b", id, amount, startMs, settled).changes).toBe(0);
  }
  expect(write.run("x", "none", 0, today, null).changes).toBe(0);
  expect(write.run("b", "nothing", 0, today, null).changes).toBe(1);
});

it("the database itself settles once, and opens no window again", () => {
  const { database, budgets, now } = start();
  now(budgets.open("b", rule, noon));
  now(budgets.reserve("b", request("a", 40), noon));
  const settle = database.prepare("UPDATE budget_reservations SET settled = ? WHERE id = 'a'");
  for (const bad of [null, -1]) expect(settle.run(bad).changes).toBe(0);
  expect(settle.run(30).changes).toBe(1);
  for (const again of [30, 31, null]) expect(settle.run(again).changes).toBe(0);
  expect(now(budgets.standing("b", noon))).toMatchObject({ value: { used: 30, reserved: 0 } });
  const roll = database.prepare("UPDATE budgets SET window_start_ms = ?, window_end_ms = ?");
  for (const startMs of [today - dayMs, today, today + 1]) expect(roll.run(startMs, startMs + dayMs).changes).toBe(0);
  expect(roll.run(today + dayMs, today + dayMs).changes).toBe(0);
  expect(roll.run(today + dayMs, today + 2 * dayMs).changes).toBe(1);
});

it("takes two statements for a promise and one for settling it", () => {
  const { budgets, asked, now } = start();
  now(budgets.open("b", rule, noon));
  asked.length = 0;
  now(budgets.reserve("b", request("a", 1), noon));
  expect(asked).toHaveLength(2);
  now(budgets.settle("b", "a", 1));
  expect(asked).toHaveLength(3);
});

it("looks again when another one was quicker: with the window, with what was left, or with the same id", () => {
  const between = (meanwhile: (opened: ReturnType<typeof start>) => void, answer: object) => {
    const opened = start();
    opened.now(opened.budgets.open("b", rule, noon));
    let isFirst = true;
    const made = runNow(opened.budgets.reserve("b", request("a", 60), noon), (statement) => {
      if (isFirst && statement.sql.startsWith("INSERT")) {
        isFirst = false;
        meanwhile(opened);
      }
      return opened.run(statement);
    });
    expect(made).toMatchObject(answer);
    return opened;
  };
  between(({ budgets, now }) => now(budgets.reserve("b", request("z", 60), noon)), {
    error: { code: "QUOTA_EXCEEDED" },
  });
  between(({ budgets, now }) => now(budgets.reserve("b", request("a", 60), noon)), { ok: true });
  between(({ budgets, now }) => now(budgets.reserve("b", request("a", 1), noon)), { error: { code: "CONFLICT" } });
  const later = between(({ budgets, now }) => now(budgets.standing("b", noon + dayMs)), {
    value: { name: "2026-11-23" },
  });
  expect(later.now(later.budgets.standing("b", noon))).toMatchObject({ value: { reserved: 60 } });
});

it("gives up, and says so, when others are quicker again and again", () => {
  const { budgets, now, run } = start();
  now(budgets.open("b", rule, noon));
  const writeless = ({ sql, args }: SqlStatement) => (/^(INSERT|UPDATE)/.test(sql) ? [] : run({ sql, args }));
  const code = { error: { code: "NOT_READY" } };
  expect(runNow(budgets.reserve("b", request("a", 1), noon), writeless)).toMatchObject(code);
  expect(runNow(budgets.standing("b", noon + dayMs), writeless)).toMatchObject(code);
  now(budgets.reserve("b", request("a", 1), noon));
  expect(runNow(budgets.settle("b", "a", 1), writeless)).toMatchObject(code);
});

it("throws at rows that are not of its tables", () => {
  const { budgets, now } = start();
  now(budgets.open("b", rule, noon));
  const answer = (row: SqlRow) => () => runNow(budgets.standing("b", noon), () => [row]);
  expect(answer({ window_name: 1 })).toThrow("column window_name holds no text");
  expect(answer({ window_name: "a", window_start_ms: "1" })).toThrow("column window_start_ms holds no number");
});
