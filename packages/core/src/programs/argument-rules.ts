/** What a value may be: null where it is fine, or why it is refused. It never quotes the value, which may be a secret. */
export type ValueRule = (value: string) => string | null;

/** One flag that a program's rules know, by all of its names with their dashes. */
export interface FlagRule {
  readonly names: readonly string[];
  /**
   * How it takes a value: `none`; `required`: attached or in the next argument; `optional`: only attached; `boolean`: attached, or
   * the next argument if that is `true` or `false`.
   */
  readonly value: "none" | "required" | "optional" | "boolean";
  /** Why it is never allowed. */
  readonly refused?: string;
  readonly check?: ValueRule;
  /** Its value is the user's own code: no script is named any more, and the other arguments are that code's. */
  readonly bringsCode?: boolean;
  /** What comes after it is not the program's any more, but of what it starts. */
  readonly endsFlags?: boolean;
  /** The program whose rules hold for what comes after, if its value names one that has rules. */
  readonly startsProgram?: (value: string) => string | null;
}

/** How a program reads its flags. */
export interface FlagStyle {
  /** `-xvf` is three flags. */
  readonly combinesShort: boolean;
  /** A beginning of a long name that fits one flag only stands for it (getopt, nopt, optparse). */
  readonly abbreviates: boolean;
  /** `-name` and `--name` are the same (Go, find); `any`: any number of dashes (nopt). */
  readonly longDashes: "two" | "one or two" | "any";
  /** Letters that stand for flags with any number of dashes, alone or in a row. */
  readonly anyDashLetters?: string;
}

export interface ArgumentRules {
  readonly style: FlagStyle;
  readonly flags: readonly FlagRule[];
  /** What the arguments that are no flags may be, by their place from 0: the first that it can have, where that is not sure. */
  readonly positional?: (value: string, place: number) => string | null;
  /** Why the first argument may not be without a dash. */
  readonly bareStart?: string;
  /** From the first argument that is no flag on, everything is for what it starts, and its own business. */
  readonly stopsAtPositional?: boolean;
  readonly subcommands?: Subcommands;
}

export interface Subcommands {
  /** Flags that mean this only before the subcommand. */
  readonly before?: readonly FlagRule[];
  /** The rules that hold beside the program's own flags. */
  readonly allowed: Readonly<Record<string, SubcommandRules>>;
  readonly refused: Readonly<Record<string, string>>;
  /** The rules of names that are in neither, or why there are none. */
  readonly others: SubcommandRules | string;
}

export interface SubcommandRules {
  readonly flags?: readonly FlagRule[];
  readonly positional?: ArgumentRules["positional"];
  readonly stopsAtPositional?: boolean;
}

export const posixStyle: FlagStyle = { combinesShort: true, abbreviates: false, longDashes: "two" };
export const getoptStyle: FlagStyle = { combinesShort: true, abbreviates: true, longDashes: "two" };
export const noptStyle: FlagStyle = {
  combinesShort: true,
  abbreviates: true,
  longDashes: "any",
  anyDashLetters: "aBcCdDEfFgGhHilLmnNOpPqrsSvwWy",
};
export const goStyle: FlagStyle = { combinesShort: false, abbreviates: false, longDashes: "one or two" };

/** Flags that are never allowed, with the one reason. */
export function refusedFlags(reason: string, names: readonly (readonly string[])[]): FlagRule[] {
  return names.map((all) => ({ names: all, value: "required", refused: reason }));
}

/** Flags whose value must be of a kind. */
export function checkedFlags(check: ValueRule, names: readonly (readonly string[])[]): FlagRule[] {
  return names.map((all) => ({ names: all, value: "required", check }));
}

/** Flags without a value, listed so that the argument after them is not taken for one. */
export function switches(...names: readonly string[]): FlagRule[] {
  return names.map((name) => ({ names: [name], value: "none" }));
}

/** Flags whose value may be anything, listed so that the value is not taken for a flag. */
export function valued(...names: readonly string[]): FlagRule[] {
  return names.map((name) => ({ names: [name], value: "required" }));
}

/** The same for each of these names, which stand in one text with spaces between them. */
export function forEach<T>(names: string, value: T): Record<string, T> {
  return Object.fromEntries(names.split(/\s+/).map((name) => [name, value]));
}

/** Refuses some words in the first place, where they are subcommands of a subcommand. */
export function refusingFirst(reasons: Readonly<Record<string, string>>, rules: SubcommandRules): SubcommandRules {
  return {
    ...rules,
    positional: (value, place) =>
      place === 0 && Object.hasOwn(reasons, value)
        ? (reasons[value] ?? "")
        : (rules.positional?.(value, place) ?? null),
  };
}
