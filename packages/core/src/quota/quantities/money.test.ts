import fc from "fast-check";
import { expect, it } from "vitest";
import { parseMoney, printMoney } from "./money.ts";

it("reads back exactly what it printed", () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (microUnits) => {
      const money = { microUnits, currency: "EUR" };
      const text = printMoney(money);
      expect(text).toMatch(/^\d+\.\d{2,6} EUR$/);
      expect(parseMoney(text)).toEqual({ ok: true, value: money });
    }),
  );
});

it.each([
  ["12.50 EUR", 12_500_000],
  ["0.000001 EUR", 1],
  [" 3EUR ", 3_000_000],
  ["0 EUR", 0],
])("reads %j", (text, microUnits) => {
  expect(parseMoney(text)).toEqual({ ok: true, value: { microUnits, currency: "EUR" } });
});

it("prints cents, and more only where there is more", () => {
  expect(printMoney({ microUnits: 12_500_000, currency: "USD" })).toBe("12.50 USD");
  expect(printMoney({ microUnits: 1, currency: "USD" })).toBe("0.000001 USD");
  expect(printMoney({ microUnits: 0, currency: "USD" })).toBe("0.00 USD");
  expect(printMoney({ microUnits: 3_000_000, currency: "JPY" })).toBe("3.00 JPY");
  for (const bad of [-1, 0.5, Number.NaN, Infinity, 2 ** 53]) {
    expect(() => printMoney({ microUnits: bad, currency: "EUR" })).toThrow(RangeError);
  }
});

it.each([
  ["12.50", "it is no number with a currency of three letters"],
  ["12.50 €", "it is no number with a currency of three letters"],
  ["12.50 eur", "it is no number with a currency of three letters"],
  ["", "it is no number with a currency of three letters"],
  ["-1 EUR", "it is negative"],
  ["−1 EUR", "it is negative"],
  ["1,50 EUR", "it is not a plain number like 12 or 0.5"],
  ["NaN EUR", "it is not a plain number like 12 or 0.5"],
  ["0.0000001 EUR", "it is not a whole number of the smallest unit"],
  ["9007199254.740992 EUR", "it is above 2^53 − 1 of the smallest unit"],
])("refuses %j: %s", (text, why) => {
  expect(parseMoney(text)).toEqual({
    ok: false,
    error: { code: "BAD_REQUEST", message: `money "${text}": ${why}. Write 12.50 EUR.` },
  });
});
