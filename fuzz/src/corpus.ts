import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import type { FuzzTarget } from "./fuzz-target.ts";

const corpusSchema = z.array(z.string()).min(1);

function corpusFile({ name }: FuzzTarget): string {
  return join(import.meta.dirname, "../corpus", `${name}.json`);
}

/** Inputs that a parser must know how to deal with: valid ones to mutate, and everything that was ever found. */
export function readCorpus(target: FuzzTarget): readonly string[] {
  return corpusSchema.parse(JSON.parse(readFileSync(corpusFile(target), "utf8")));
}

/** Keeps an input for ever. */
export function addToCorpus(target: FuzzTarget, input: string): void {
  const corpus = [...new Set([...readCorpus(target), input])];
  writeFileSync(corpusFile(target), `${JSON.stringify(corpus, undefined, 2)}\n`);
}
