import { accept, refuse, type Result } from "../../errors/result.ts";

/** A unit as a fraction of the base unit: a bit of 8 to a byte is 1 / 8. Whole, above zero. */
export interface Scale {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/** Longer than anything a person writes, and short enough that arithmetic on it costs nothing. */
const longestDigits = 40;
const decimal = /^(?<whole>\d+)(?:\.(?<fraction>\d+))?$/;
const largest = BigInt(Number.MAX_SAFE_INTEGER);

/**
 * Reads a plain decimal (`12`, `0.5`) as a whole number of base units, in integers only: no digit is ever rounded.
 *
 * @param text digits with at most one point; no sign, exponent, separator or space
 * @param scale base units in one of what the text counts
 * @returns `BAD_REQUEST` when it is no such decimal, is not a whole number of base units, or is above 2^53 − 1 of them
 */
export function parseExactDecimal(text: string, scale: Scale): Result<number> {
  const { whole, fraction = "" } = decimal.exec(text)?.groups ?? {};
  if (whole === undefined) return refuse("BAD_REQUEST", "it is not a plain number like 12 or 0.5");
  if (text.length > longestDigits) return refuse("BAD_REQUEST", `it has more than ${longestDigits} digits`);
  const dividend = BigInt(whole + fraction) * scale.numerator;
  const divisor = 10n ** BigInt(fraction.length) * scale.denominator;
  if (dividend % divisor !== 0n) return refuse("BAD_REQUEST", "it is not a whole number of the smallest unit");
  const value = dividend / divisor;
  if (value > largest) return refuse("BAD_REQUEST", "it is above 2^53 − 1 of the smallest unit");
  return accept(Number(value));
}

/**
 * Writes a whole number of base units as a decimal of another unit, exactly and without a trailing zero.
 *
 * @param value base units, a safe integer of at least 0
 * @returns the decimal, or null where it has no end (a third) or needs more digits than `parseExactDecimal` reads
 */
export function printExactDecimal(value: number, { numerator, denominator }: Scale): string | null {
  const dividend = BigInt(value) * denominator;
  let rest = dividend % numerator;
  let text = String(dividend / numerator);
  if (rest === 0n) return text;
  text += ".";
  while (rest !== 0n) {
    if (text.length === longestDigits) return null;
    text += String((rest * 10n) / numerator);
    rest = (rest * 10n) % numerator;
  }
  return text;
}
