import fc from "fast-check";
import { expect, it } from "vitest";
import { parseExactDecimal, printExactDecimal } from "./exact-decimal.ts";

const one = { numerator: 1n, denominator: 1n };
const scales = fc.record({
  numerator: fc.oneof(fc.constantFrom(1n, 1000n, 1024n, 1_000_000_000n, 1_125_899_906_842_624n), fc.bigInt(1n, 5000n)),
  denominator: fc.constantFrom(1n, 8n, 3n),
});

it("reads back what it prints, for every value and scale", () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), scales, (value, scale) => {
      const text = printExactDecimal(value, scale);
      if (text === null) return;
      expect(text).not.toMatch(/\.\d*0$|\.$/);
      expect(text.length).toBeLessThanOrEqual(40);
      expect(parseExactDecimal(text, scale)).toEqual({ ok: true, value });
    }),
  );
});

it("agrees with plain fractions of integers: right where the division is even, refused where it is not", () => {
  fc.assert(
    fc.property(fc.nat(99_999), fc.stringMatching(/^\d{0,6}$/), scales, (whole, fraction, scale) => {
      const text = fraction === "" ? `${whole}` : `${whole}.${fraction}`;
      const top = BigInt(`${whole}${fraction}`) * scale.numerator;
      const bottom = 10n ** BigInt(fraction.length) * scale.denominator;
      const parsed = parseExactDecimal(text, scale);
      if (top % bottom === 0n && top / bottom < 2n ** 53n) {
        expect(parsed).toEqual({ ok: true, value: Number(top / bottom) });
      } else expect(parsed.ok).toBe(false);
    }),
  );
});

it("does not round what floating point would", () => {
  expect(parseExactDecimal("9007199254740991", one)).toEqual({ ok: true, value: Number.MAX_SAFE_INTEGER });
  expect(parseExactDecimal("0.000000000000001", { numerator: 10n ** 15n, denominator: 1n })).toEqual({
    ok: true,
    value: 1,
  });
  expect(parseExactDecimal("4.35", { numerator: 100n, denominator: 1n })).toEqual({ ok: true, value: 435 });
  expect(printExactDecimal(9007199254740991, { numerator: 1000n, denominator: 1n })).toBe("9007199254740.991");
});

it("says why it refuses", () => {
  const why = (text: string, scale = one) => {
    const parsed = parseExactDecimal(text, scale);
    return parsed.ok ? parsed.value : `${parsed.error.code} ${parsed.error.message}`;
  };
  for (const text of ["", ".5", "5.", "1,5", "1e3", "+1", "-1", " 1", "1 ", "0x10", "NaN", "Infinity", "1.2.3", "١"]) {
    expect(why(text)).toBe("BAD_REQUEST it is not a plain number like 12 or 0.5");
  }
  expect(why("0".repeat(40))).toBe(0);
  expect(why("0".repeat(41))).toBe("BAD_REQUEST it has more than 40 digits");
  expect(why("9007199254740992")).toBe("BAD_REQUEST it is above 2^53 − 1 of the smallest unit");
  expect(why("0.5")).toBe("BAD_REQUEST it is not a whole number of the smallest unit");
  expect(why("1.000")).toBe(1);
});

it("prints no decimal where there is none, or one that is too long to read back", () => {
  expect(printExactDecimal(1, { numerator: 3n, denominator: 1n })).toBeNull();
  expect(printExactDecimal(1, { numerator: 2n ** 50n, denominator: 1n })).toBeNull();
  expect(printExactDecimal(1, { numerator: 2n ** 38n, denominator: 1n })).toHaveLength(40);
  expect(printExactDecimal(1, { numerator: 2n ** 39n, denominator: 1n })).toBeNull();
  expect(printExactDecimal(0, { numerator: 3n, denominator: 1n })).toBe("0");
  expect(printExactDecimal(3, { numerator: 2n, denominator: 1n })).toBe("1.5");
});
