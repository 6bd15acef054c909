import fc from "fast-check";
import { expect, it } from "vitest";
import { visibleText } from "./visible-text.ts";

it.each([
  ["one\r\ntwo", "one\\u000d\\u000atwo"],
  ["\u001b[31mred", "\\u001b[31mred"],
  ["user\u202etxt.exe", "user\\u202etxt.exe"],
  ["a\u2066b\u2069\u200e", "a\\u2066b\\u2069\\u200e"],
  ["zero\u200bwidth\ufeff", "zero\\u200bwidth\\ufeff"],
  ["half \ud83d", "half \\ud83d"],
  ["line\u2028paragraph\u2029", "line\\u2028paragraph\\u2029"],
])("%j is shown as %s [E2]", (text, shown) => {
  expect(visibleText(text)).toBe(shown);
});

it.each(["Überseehafen", "مرحبا", "ı and İ", "👩‍👩‍👧", "می‌خواهم", "𝒳", "a, \"b\" and 'c'"])(
  "%s stays as it is",
  (name) => {
    expect(visibleText(name)).toBe(name);
  },
);

it("has one line and is well formed, whatever is in it [E2]", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const shown = visibleText(text);
      expect(shown).not.toMatch(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u);
      expect(shown.isWellFormed()).toBe(true);
    }),
  );
});
