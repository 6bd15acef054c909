import { expect, it } from "vitest";
import { describeBudget } from "../../../test/budget-contract.ts";
import { openInMemory, tokens } from "../../../test/budget-under-test.ts";
import { Budget, budgetSnapshotSchema } from "./budget.ts";
import { budgetRuleSchema, type BudgetRule } from "./budget-rule.ts";

const rule: BudgetRule = { period: "day", timeZone: "UTC", unit: tokens, limit: 100 };
const noon = Date.UTC(2026, 10, 22, 12);

describeBudget("in memory", { open: openInMemory, histories: 100 });

it("has a schema for what is stored", () => {
  expect(budgetRuleSchema.parse(rule)).toEqual(rule);
  for (const bad of [
    { limit: -1 },
    { limit: 0.5 },
    { unit: { kind: "money", currency: "eur" } },
    { unit: { kind: "money" } },
  ]) {
    expect(budgetRuleSchema.safeParse({ ...rule, ...bad }).success).toBe(false);
  }
  const snapshot = Budget.open(rule, noon).snapshot();
  expect(budgetSnapshotSchema.parse(snapshot)).toEqual(snapshot);
  expect(budgetSnapshotSchema.safeParse({ ...snapshot, tallies: [] }).success).toBe(false);
});
