import fc from "fast-check";
import { expect, it } from "vitest";
import { LogDocument } from "./log-document.ts";
import { logWindow } from "./log-window.ts";

const encoder = new TextEncoder();

function linesOf(document: LogDocument): (string | undefined)[] {
  return Array.from({ length: document.lineCount }, (_, index) => document.line(index)?.text);
}

it("shows the same lines however the bytes are cut", () => {
  const text = fc.array(
    fc.oneof(fc.string({ unit: "grapheme" }), fc.constantFrom("\n", "\r\n", "\r", "é", "😀", "مرحبا")),
    { maxLength: 30 },
  );
  fc.assert(
    fc.property(text, fc.array(fc.nat(20), { maxLength: 30 }), (parts, cuts) => {
      const bytes = encoder.encode(parts.join(""));
      const atOnce = new LogDocument();
      atOnce.write(bytes);
      atOnce.end();
      const cut = new LogDocument();
      let from = 0;
      for (const length of cuts) {
        cut.write(bytes.subarray(from, from + length));
        from += length;
      }
      cut.write(bytes.subarray(from));
      cut.end();
      expect(linesOf(cut)).toEqual(linesOf(atOnce));
    }),
  );
});

it("starts a line over after a carriage return, as progress bars do", () => {
  const document = new LogDocument();
  document.write(encoder.encode("10 %\r50 %\r100 %\nnext\r\n"));
  expect(linesOf(document)).toEqual(["100 %", "next"]);
});

it("shows the line that has not ended yet", () => {
  const document = new LogDocument();
  document.write(encoder.encode("Password: "));
  expect(linesOf(document)).toEqual(["Password: "]);
});

it("lets go of the oldest lines of an endless log and counts them", () => {
  const document = new LogDocument();
  const many = encoder.encode("x\n".repeat(50_000));
  for (let i = 0; i < 5; i++) document.write(many);
  expect(document.lineCount).toBeLessThanOrEqual(200_000);
  expect(document.lineCount + document.droppedLines).toBe(250_000);
});

it("draws a short log whole and of a long one what can be seen", () => {
  expect(logWindow(1500, { scrollTop: 0, height: 400, lineHeight: 20 })).toEqual({ first: 0, end: 1500 });
  expect(logWindow(100_000, { scrollTop: 20_000, height: 400, lineHeight: 20 })).toEqual({ first: 980, end: 1040 });
  expect(logWindow(5000, { scrollTop: 10_000_000, height: 400, lineHeight: 20 })).toEqual({ first: 5000, end: 5000 });
});
