import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LineReader, LineTooLong } from "./line-reader.ts";

describe("lines", () => {
  it("are the same however the bytes were cut", () => {
    const line = fc.string({ unit: "grapheme", maxLength: 20 }).map((text) => text.replaceAll("\n", ""));
    fc.assert(
      fc.property(fc.array(line), fc.array(fc.nat({ max: 400 })), (lines, cuts) => {
        const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(""));
        const reader = new LineReader(1000);
        const edges = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).toSorted((a, b) => a - b), bytes.length];
        const read = edges.flatMap((edge, index) => reader.push(bytes.subarray(edges[index - 1] ?? 0, edge)));
        expect(read).toEqual(lines);
      }),
    );
  });

  it("longer than is meant end it before they are held whole, with and without an end [W1]", () => {
    for (const text of ["12345\n", "12345"])
      expect(() => new LineReader(4).push(Buffer.from(text))).toThrow(LineTooLong);
    const reader = new LineReader(4);
    expect(reader.push(Buffer.from("1234"))).toEqual([]);
    expect(() => reader.push(Buffer.from("5"))).toThrow(LineTooLong);
  });
});
