import type { FuzzTarget } from "./fuzz-target.ts";
import { mutateJson } from "./mutate-json.ts";
import { mutateText } from "./mutate-text.ts";
import { Random } from "./random.ts";

export interface Finding {
  readonly input: string;
  readonly error: unknown;
}

export interface FuzzReport {
  readonly iterations: number;
  readonly finding: Finding | undefined;
  readonly slowest: { readonly input: string; readonly ms: number };
}

interface FuzzOptions {
  readonly corpus: readonly string[];
  readonly iterations: number;
  readonly seed: number;
}

const mostMutations = 6;
const longestInput = 300_000;

/** Makes an input from the corpus: a few mutations, some that keep the grammar and some that do not. */
function makeInput({ grammar }: FuzzTarget, corpus: readonly string[], random: Random): string {
  let input = random.pick(corpus);
  for (let left = 1 + random.below(mostMutations); left > 0; left--) {
    const keepsGrammar = grammar === "json" && random.below(4) > 0;
    input = (keepsGrammar ? mutateJson(input, random.pick(corpus), random) : undefined) ?? mutateText(input, random);
    if (input.length > longestInput) input = input.slice(0, longestInput);
  }
  // Nothing that comes off the wire holds half a character.
  return input.toWellFormed();
}

async function attempt(target: FuzzTarget, input: string): Promise<Finding | undefined> {
  try {
    await target.check(input);
    return undefined;
  } catch (error) {
    return { input, error };
  }
}

/** Takes away what a finding does not need. */
async function shrink(target: FuzzTarget, finding: Finding): Promise<Finding> {
  let smallest = finding;
  for (let size = Math.ceil(finding.input.length / 2); size > 0; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = 0; from < smallest.input.length; ) {
      const shorter = smallest.input.slice(0, from) + smallest.input.slice(from + size);
      const again = await attempt(target, shorter);
      if (again) smallest = again;
      else from += size;
    }
  }
  return smallest;
}

/** Gives a parser its whole corpus as it is, then that many inputs made from it. Stops at the first finding. */
export async function runFuzz(target: FuzzTarget, { corpus, iterations, seed }: FuzzOptions): Promise<FuzzReport> {
  const random = new Random(seed);
  let slowest = { input: "", ms: 0 };
  for (let done = 0; done < corpus.length + iterations; done++) {
    const input = corpus[done] ?? makeInput(target, corpus, random);
    const startedAtMs = performance.now();
    const finding = await attempt(target, input);
    const ms = performance.now() - startedAtMs;
    if (ms > slowest.ms) slowest = { input, ms };
    if (finding) return { iterations: done + 1, finding: await shrink(target, finding), slowest };
  }
  return { iterations: corpus.length + iterations, finding: undefined, slowest };
}
