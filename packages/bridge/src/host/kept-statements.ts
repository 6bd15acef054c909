import { readFileSync } from "node:fs";
import { maxKeyStatements, statementsAfter } from "@quarterdeck/core/protocol/key-set";
import { signedTextSchema, type SignedText } from "@quarterdeck/core/protocol/signing";
import * as z from "zod";
import { writeDurably } from "../durable-file.ts";

/** What the platform said last about its keys, for a helper that was not there to hear it. */
export class KeptStatements {
  readonly #file: string;
  #statements: readonly SignedText[];

  constructor(file: string) {
    this.#file = file;
    this.#statements = read(file);
  }

  /** Durable when this returns. */
  add(statements: readonly SignedText[]): void {
    const known = new Set(this.#statements.map(({ signed }) => signed));
    const fresh = statements.filter(({ signed }) => !known.has(signed));
    if (fresh.length === 0) return;
    this.#statements = [...this.#statements, ...fresh].slice(-maxKeyStatements);
    writeDurably(this.#file, JSON.stringify(this.#statements));
  }

  after(version: number): SignedText[] {
    return statementsAfter(this.#statements, version);
  }
}

function read(file: string): readonly SignedText[] {
  try {
    return z.array(signedTextSchema).parse(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    return []; // None came yet.
  }
}
