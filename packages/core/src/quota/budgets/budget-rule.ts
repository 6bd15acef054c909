import * as z from "zod";
import { printMoney } from "../quantities/money.ts";
import { bytesQuantity } from "../quantities/quantities.ts";
import { windowRuleSchema } from "./budget-window.ts";

/** What a budget counts: model tokens, bytes that went over the network, or millionths of a currency. */
export const budgetUnitSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("tokens") }),
  z.strictObject({ kind: z.literal("bytes") }),
  z.strictObject({ kind: z.literal("money"), currency: z.string().regex(/^[A-Z]{3}$/, "Use a code like EUR.") }),
]);
export type BudgetUnit = z.infer<typeof budgetUnitSchema>;

/** A limit for each day or month. */
export const budgetRuleSchema = z.strictObject({
  ...windowRuleSchema.shape,
  unit: budgetUnitSchema,
  limit: z.int().min(0),
});
export type BudgetRule = z.infer<typeof budgetRuleSchema>;

export function isAmount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

export function isSameUnit(a: BudgetUnit, b: BudgetUnit): boolean {
  return unitWord(a) === unitWord(b);
}

export function unitWord(unit: BudgetUnit): string {
  return unit.kind === "money" ? unit.currency : unit.kind;
}

export function printAmount(value: number, unit: BudgetUnit): string {
  if (unit.kind === "money") return printMoney({ microUnits: value, currency: unit.currency });
  return unit.kind === "bytes" ? bytesQuantity.print(value) : `${value} tokens`;
}
