import { describe, expect, it } from "vitest";
import { compare } from "./row.ts";
import { areAllMet, barsLine, figure, table } from "./table.ts";

const measurement = {
  what: "durable submissions",
  ours: 26_800,
  peer: 13_400,
  peerName: "a queue",
  unit: "1/s",
  bar: 1.5,
  direction: "at least",
  config: { clients: 64 },
} as const;

describe("compare", () => {
  it("meets a lower bar at it and above, and misses it below", () => {
    expect(compare(measurement)).toMatchObject({ ratio: 2, met: true });
    expect(compare({ ...measurement, bar: 2 }).met).toBe(true);
    expect(compare({ ...measurement, bar: 2.01 }).met).toBe(false);
  });

  it("meets an upper bar at it and below, and misses it above", () => {
    expect(compare({ ...measurement, direction: "at most", bar: 2 }).met).toBe(true);
    expect(compare({ ...measurement, direction: "at most", bar: 1.99 }).met).toBe(false);
  });

  it("never meets a bar against a peer that did nothing", () => {
    expect(compare({ ...measurement, peer: 0 }).met).toBe(false);
    expect(compare({ ...measurement, ours: Number.NaN, direction: "at most" }).met).toBe(false);
  });
});

describe("table", () => {
  it("lines up the columns and marks what was missed", () => {
    expect(table([compare(measurement), compare({ ...measurement, what: "short", bar: 3 })])).toBe(
      [
        "what                 ours    peer              unit  ratio  bar             met",
        "durable submissions  26,800  13,400 (a queue)  1/s   2 ×    at least 1.5 ×  yes",
        "short                26,800  13,400 (a queue)  1/s   2 ×    at least 3 ×    NO",
      ].join("\n"),
    );
  });
});

describe("the verdict", () => {
  it("counts the bars that were met", () => {
    const rows = [compare(measurement), compare({ ...measurement, bar: 3 })];
    expect(barsLine(rows)).toBe("bars: met 1 of 2");
    expect(areAllMet(rows)).toBe(false);
    expect(areAllMet(rows.slice(0, 1))).toBe(true);
  });

  it("is negative without rows", () => {
    expect(areAllMet([])).toBe(false);
  });
});

describe("figure", () => {
  it.each([
    [1_234_567.8, "1,234,568"],
    [12.345, "12.3"],
    [0.000_123_4, "0.000123"],
    [0, "0"],
    [Number.POSITIVE_INFINITY, "Infinity"],
  ])("%d", (value, text) => expect(figure(value)).toBe(text));
});
