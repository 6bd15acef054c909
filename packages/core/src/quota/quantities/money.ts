import { accept, refuse, type Result } from "../../errors/result.ts";
import { parseExactDecimal, printExactDecimal } from "./exact-decimal.ts";

/** An amount of money: whole millionths of a named currency (ISO 4217), so that the price of one token is exact. */
export interface Money {
  readonly microUnits: number;
  readonly currency: string;
}

const million = { numerator: 1_000_000n, denominator: 1n };
const shape = /^(?<number>\S+) ?(?<currency>[A-Z]{3})$/;

/**
 * Reads an amount as `12.50 EUR`. The currency is always named.
 *
 * @returns `BAD_REQUEST` with a text that says what is wrong
 */
export function parseMoney(text: string): Result<Money> {
  const { number = "", currency = "" } = shape.exec(text.trim().slice(0, 100))?.groups ?? {};
  const refused = (why: string) => refuse("BAD_REQUEST", `money "${text.slice(0, 100)}": ${why}. Write 12.50 EUR.`);
  if (currency === "") return refused("it is no number with a currency of three letters");
  if (/^[-−]/.test(number)) return refused("it is negative");
  const parsed = parseExactDecimal(number, million);
  return parsed.ok ? accept({ microUnits: parsed.value, currency }) : refused(parsed.error.message);
}

/**
 * Writes an amount exactly, with two decimals or as many as it needs.
 *
 * @throws RangeError when `microUnits` is not a safe integer of at least 0
 */
export function printMoney({ microUnits, currency }: Money): string {
  if (!Number.isSafeInteger(microUnits) || microUnits < 0) {
    throw new RangeError(`money: ${microUnits} is not a whole number from 0 to 2^53 − 1`);
  }
  const [whole = "", fraction = ""] = (printExactDecimal(microUnits, million) ?? "").split(".");
  return `${whole}.${fraction.padEnd(2, "0")} ${currency}`;
}
