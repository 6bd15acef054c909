import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { gibibyte, mebibyte } from "../../units.ts";
import { bandwidthQuantity, bytesQuantity, cpuQuantity, durationQuantity } from "./quantities.ts";
import type { QuantityKind } from "./quantity-kind.ts";

const kinds: Readonly<Record<string, QuantityKind>> = {
  cpu: cpuQuantity,
  bytes: bytesQuantity,
  bandwidth: bandwidthQuantity,
  duration: durationQuantity,
};
const values = fc.oneof(
  fc.maxSafeNat(),
  fc.nat(5000),
  fc.tuple(fc.nat(4096), fc.constantFrom(1000, 1024, 1e6, 2 ** 20, 1e9, 2 ** 30, 60_000)).map(([n, unit]) => n * unit),
);
/** The printed spelling of each unit and its worth in eighths of the smallest unit, written down a second time. */
const units: Readonly<Record<string, readonly (readonly [string, number])[]>> = {
  cpu: [
    ["m", 8],
    ["", 8000],
  ],
  bytes: [
    ["", 8],
    ["k", 8e3],
    ["Ki", 2 ** 13],
    ["M", 8e6],
    ["Mi", 2 ** 23],
    ["G", 8e9],
    ["Gi", 2 ** 33],
    ["T", 8e12],
    ["Ti", 2 ** 43],
    ["P", 8e15],
    ["Pi", 2 ** 53],
  ],
  bandwidth: [
    [" B/s", 8],
    [" kB/s", 8e3],
    [" KiB/s", 2 ** 13],
    [" MB/s", 8e6],
    [" MiB/s", 2 ** 23],
    [" GB/s", 8e9],
    [" GiB/s", 2 ** 33],
    [" bit/s", 1],
    [" kbit/s", 1e3],
    [" Mbit/s", 1e6],
    [" Gbit/s", 1e9],
  ],
  duration: [
    ["ms", 8],
    ["s", 8e3],
    ["min", 8 * 60_000],
    ["h", 8 * 3_600_000],
    ["d", 8 * 86_400_000],
  ],
};

/** All exact texts of a value with at most 15 decimals, one for each unit that has one. */
function exactTexts(value: number, unitsOfKind: readonly (readonly [string, number])[]): string[] {
  const texts: string[] = [];
  for (const [spelling, eighths] of unitsOfKind) {
    for (let decimals = 0; decimals <= 15; decimals++) {
      const digits = BigInt(value) * 8n * 10n ** BigInt(decimals);
      if (digits % BigInt(eighths) !== 0n) continue;
      const all = String(digits / BigInt(eighths)).padStart(decimals + 1, "0");
      const cut = all.length - decimals;
      texts.push(`${all.slice(0, cut)}${decimals > 0 ? `.${all.slice(cut)}` : ""}${spelling}`);
      break;
    }
  }
  return texts;
}

function numberOf(text: string): string {
  return /^[\d.]+/.exec(text)?.[0] ?? "";
}

describe.each(Object.entries(kinds))("%s", (name, kind) => {
  it("reads back exactly what it printed, for every value", () => {
    fc.assert(
      fc.property(values, (value) => {
        expect(kind.parse(kind.print(value))).toEqual({ ok: true, value });
      }),
    );
  });

  it("prints the shortest exact text, and of two the one with the shorter number", () => {
    fc.assert(
      fc.property(values, (value) => {
        const texts = exactTexts(value, units[name] ?? []);
        const shortest = Math.min(...texts.map((text) => text.length));
        const equal = texts.filter((text) => text.length === shortest);
        const printed = kind.print(value);
        expect(equal).toContain(printed);
        expect(numberOf(printed)).toHaveLength(Math.min(...equal.map((text) => numberOf(text).length)));
      }),
    );
  });

  it("refuses what is no amount", () => {
    const bad = [
      "",
      " ",
      "x",
      "-1",
      "-0.5",
      "NaN",
      "Infinity",
      "1e3",
      "1,5",
      "0x10",
      "1 2",
      "5 Mi 3",
      "constructor",
      "½",
    ];
    for (const text of bad) expect(kind.parse(text)).toMatchObject({ ok: false, error: { code: "BAD_REQUEST" } });
  });

  it("prints no amount that is none", () => {
    for (const bad of [-1, 0.5, Number.NaN, Infinity, 2 ** 53]) expect(() => kind.print(bad)).toThrow(RangeError);
  });
});

it.each([
  [cpuQuantity, "500m", 500],
  [cpuQuantity, "2", 2000],
  [cpuQuantity, "0.5", 500],
  [cpuQuantity, " 1.5 cores ", 1500],
  [cpuQuantity, "1 core", 1000],
  [cpuQuantity, "0", 0],
  [bytesQuantity, "1024", 1024],
  [bytesQuantity, "512Mi", 512 * mebibyte],
  [bytesQuantity, "10Gi", 10 * gibibyte],
  [bytesQuantity, "10 GiB", 10 * gibibyte],
  [bytesQuantity, "1.5 GB", 1_500_000_000],
  [bytesQuantity, "0.5Ki", 512],
  [bytesQuantity, "12 kB", 12_000],
  [bytesQuantity, "12 KB", 12_000],
  [bytesQuantity, "8P", 8e15],
  [bandwidthQuantity, "10 Mbit/s", 1_250_000],
  [bandwidthQuantity, "8 bit/s", 1],
  [bandwidthQuantity, "1 MB/s", 1_000_000],
  [bandwidthQuantity, "1.5MiB/s", 1_572_864],
  [durationQuantity, "15 min", 900_000],
  [durationQuantity, "1.5h", 5_400_000],
  [durationQuantity, "30 d", 2_592_000_000],
])("%# reads %j %j", (kind, text, value) => {
  expect(kind.parse(text)).toEqual({ ok: true, value });
});

it.each([
  [cpuQuantity, 500, "0.5"],
  [cpuQuantity, 250, "250m"],
  [cpuQuantity, 1500, "1.5"],
  [cpuQuantity, 0, "0"],
  [bytesQuantity, 512 * mebibyte, "512Mi"],
  [bytesQuantity, 1_500_000_000, "1.5G"],
  [bytesQuantity, 1536, "1536"],
  [bytesQuantity, Number.MAX_SAFE_INTEGER, "9007199254740991"],
  [bandwidthQuantity, 1_250_000, "10 Mbit/s"],
  [bandwidthQuantity, 1_000_000, "1 MB/s"],
  [bandwidthQuantity, 187_500, "1.5 Mbit/s"],
  [durationQuantity, 90_000, "90s"],
])("%# prints %j %j", (kind, value, text) => {
  expect(kind.print(value)).toBe(text);
});

it.each([
  [
    cpuQuantity,
    "0.1m",
    'cpu "0.1m": it is not a whole number of the smallest unit. Write 500m, 2 or 0.5; it is counted in whole millicores.',
  ],
  [
    cpuQuantity,
    "2 CPUs",
    'cpu "2 CPUs": "CPUs" is not a unit of it; the units are m, core, cores. Write 500m, 2 or 0.5; it is counted in whole millicores.',
  ],
  [cpuQuantity, "-1", 'cpu "-1": it is negative.'],
  [cpuQuantity, "−1", 'cpu "−1": it is negative.'],
  [cpuQuantity, "  ", 'cpu "": nothing was written.'],
  [bytesQuantity, "1.5", 'size "1.5": it is not a whole number of the smallest unit.'],
  [bytesQuantity, "512m", '"m" can be read in two ways; write M for millions of bytes or Mi for mebibytes.'],
  [bytesQuantity, "1 Gb", '"Gb" can be read in two ways'],
  [bytesQuantity, "9PiB", "it is above 2^53 − 1 of the smallest unit"],
  [bytesQuantity, "9".repeat(64), "it has more than 40 digits"],
  [bytesQuantity, "9".repeat(65), `size "${"9".repeat(64)}…": it is too long.`],
  [bandwidthQuantity, "10", "it has no unit; the units are B/s, kB/s,"],
  [bandwidthQuantity, "10 Mbps", '"Mbps" can be read in two ways; write Mbit/s for bits or MB/s for bytes.'],
  [bandwidthQuantity, "1 bit/s", "it is not a whole number of the smallest unit"],
  [durationQuantity, "5m", '"m" can be read in two ways; write min for minutes or ms for milliseconds.'],
])("%# says what is wrong with %j %j", (kind, text, why) => {
  const parsed = kind.parse(text);
  expect(parsed.ok ? "accepted" : parsed.error.message).toContain(why);
});
