import { maxArguments } from "@quarterdeck/core/actions/catalogue";
import fc from "fast-check";
import { expect, it } from "vitest";
import { formatArguments, parseArguments } from "./argument-parser.ts";

const argument = fc.string({ unit: "binary", maxLength: 20 }).filter((text) => !text.includes("\0"));

it("reads back exactly the arguments that were written", () => {
  fc.assert(
    fc.property(fc.array(argument, { maxLength: 10 }), (args) => {
      expect(parseArguments(formatArguments(args))).toEqual({ ok: true, args });
    }),
    { numRuns: 1000 },
  );
});

it("never throws and never invents characters", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (line) => {
      const parsed = parseArguments(line);
      const characters = parsed.ok ? [...parsed.args.join("")] : [];
      expect(characters.filter((character) => !line.includes(character))).toEqual([]);
    }),
  );
});

it.each([
  ["install-test", ["install-test"]],
  ["  a   b  ", ["a", "b"]],
  [`-e 'console.log("hi")'`, ["-e", 'console.log("hi")']],
  [`"a \\"b\\" c" d`, ['a "b" c', "d"]],
  [`a'b c'd`, ["ab cd"]],
  [`'' ""`, ["", ""]],
  [`"\\n" '\\n' \\n`, ["\\n", "\\n", "n"]],
])("reads %s", (line, args) => {
  expect(parseArguments(line)).toEqual({ ok: true, args });
});

it("is no shell: what a shell would act on stays text", () => {
  expect(parseArguments("; rm -rf / $HOME `id` $(id) | x > y & *")).toEqual({
    ok: true,
    args: [";", "rm", "-rf", "/", "$HOME", "`id`", "$(id)", "|", "x", ">", "y", "&", "*"],
  });
});

it.each([
  ["'a", "openSingleQuote"],
  ['"a', "openDoubleQuote"],
  ["a\\", "endsWithBackslash"],
  ["a\0b", "nul"],
  ["a\\\0", "nul"],
  ["x ".repeat(maxArguments + 1), "tooMany"],
  ["x".repeat(9000), "tooLong"],
])("says what is wrong with a line", (line, problem) => {
  expect(parseArguments(line)).toEqual({ ok: false, problem });
});
