/** Something that a parser accepts. */
export interface Shape {
  readonly name: string;
  readonly isOne: (input: string) => boolean | Promise<boolean>;
}

/** A parser under attack. */
export interface FuzzTarget {
  /** Names it on the command line, and its corpus. */
  readonly name: string;
  /** The grammar that mutations keep now and then. */
  readonly grammar: "json" | "text";
  /** What the parser knows: the corpus holds a valid sample of each, or mutations would only ever try refusals. */
  readonly shapes?: readonly Shape[];
  /** Gives the parser one input. Throws when it does anything else than answer or refuse as it promises. */
  readonly check: (input: string) => void | Promise<void>;
}

/** What a parser did is not what it promised. */
export class PropertyViolated extends Error {
  override readonly name = "PropertyViolated";
}

export function mustHold(statement: boolean, what: string): void {
  if (!statement) throw new PropertyViolated(what);
}
