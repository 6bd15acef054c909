import { describe, expect, it } from "vitest";
import { readCorpus } from "./corpus.ts";
import { mustHold, type FuzzTarget } from "./fuzz-target.ts";
import { runFuzz } from "./run-fuzz.ts";
import { targets } from "./targets.ts";

/** Many more are tried by hand: `npm run fuzz -- --parser NAME --iterations N`. */
const iterations = 500;
const seed = 20_261_122;

describe(`fuzzed input (seed ${seed})`, () => {
  it.each(targets)("[W1] $name answers or refuses, whatever comes", async (target) => {
    const { finding } = await runFuzz(target, { corpus: readCorpus(target), iterations, seed });
    expect(finding).toBeUndefined();
  });
});

describe("the corpus", () => {
  const shapes = targets.flatMap((target) => (target.shapes ?? []).map((shape) => ({ target, shape })));
  it.each(shapes)("of $target.name holds a valid sample of $shape.name", async ({ target, shape }) => {
    const verdicts: boolean[] = [];
    for (const input of readCorpus(target)) verdicts.push(await shape.isOne(input));
    expect(verdicts).toContain(true);
  });
});

describe("the fuzzer", () => {
  const fragile: FuzzTarget = {
    name: "fragile",
    grammar: "json",
    check: (input) => mustHold(!input.includes("__proto__"), "fell over a prototype"),
  };

  it("finds what is wrong with a parser, makes it small, and finds the same again", async () => {
    const options = { corpus: ['{"a":[1,2,3],"b":"text"}'], iterations: 20_000, seed };
    const { finding, iterations: needed } = await runFuzz(fragile, options);
    expect(finding?.input).toBe("__proto__");
    expect((await runFuzz(fragile, options)).iterations).toBe(needed);
  });
});
