import fc from "fast-check";
import { renderToStaticMarkup } from "react-dom/server";
import { expect, it } from "vitest";
import { AnsiLine } from "./AnsiLine.tsx";
import { parseSgr, plain, styleAfter } from "./sgr.ts";

it("[escaping] never lets output become markup", () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.string(), fc.constantFrom("<script>", "\u001b[31m", "\u001b[0m", '" onload="x', "&lt;")), {
        maxLength: 12,
      }),
      (parts) => {
        const markup = renderToStaticMarkup(<AnsiLine text={parts.join("")} style={plain} />);
        expect(markup.replaceAll(/<span style="[^"<>]*">|<\/span>/g, "")).not.toMatch(/[<>]/);
      },
    ),
  );
});

it("keeps all text that is no control sequence", () => {
  const { parts } = parseSgr("a\u001b[31mb\u001b[0mc \u001b[2Kd\u001b]0;title\u0007e\u001b(Bf", plain);
  expect(parts.map((part) => part.text).join("")).toBe("abc def");
});

it("reads colours, weights and their ends", () => {
  const { parts } = parseSgr(
    "\u001b[1;31mbad\u001b[22;39m plain \u001b[38;5;196mred\u001b[48;2;1;2;3mrgb\u001b[m.",
    plain,
  );
  expect(parts.map(({ style }) => [style.isBold, style.color, style.background])).toEqual([
    [true, "var(--ansi-1)", null],
    [false, null, null],
    [false, "rgb(255 0 0)", null],
    [false, "rgb(255 0 0)", "rgb(1 2 3)"],
    [false, null, null],
  ]);
});

it("carries the look over to the next line", () => {
  expect(styleAfter("\u001b[32mgreen", plain).color).toBe("var(--ansi-2)");
});

it("never throws", () => {
  const parse = (text: string) => parseSgr(`\u001b[${text}m\u001b${text}`, plain);
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      expect(() => parse(text)).not.toThrow();
    }),
  );
});
