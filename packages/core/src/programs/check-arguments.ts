import type { ArgumentRules, FlagRule, SubcommandRules } from "./argument-rules.ts";

/** What is wrong with which argument, counted from 1. It quotes only names that the rules know. */
export interface ArgumentProblem {
  readonly place: number;
  readonly flag: string | null;
  readonly reason: string;
}

/** What is left to the rules of another program. */
export interface Delegated {
  readonly program: string;
  readonly args: readonly string[];
  readonly offset: number;
}

export type ArgumentVerdict =
  | { readonly kind: "fine"; readonly delegated: Delegated | null }
  | ({ readonly kind: "refused" } & ArgumentProblem);

/**
 * Reads the arguments of one call as its program will. A flag that the rules do not know may or may not take the argument after
 * it as its value; both are reckoned with, so nothing hides behind one. What would mean two things otherwise is refused.
 */
export function checkArguments(rules: ArgumentRules, args: readonly string[]): ArgumentVerdict {
  return new ArgumentReader(rules, args).read();
}

class ArgumentReader {
  readonly #rules: ArgumentRules;
  readonly #args: readonly string[];
  #index = 0;
  #flags: readonly FlagRule[];
  #scope: SubcommandRules;
  #needsSubcommand: boolean;
  #areFlagsOver = false;
  #isOver = false;
  #delegated: Delegated | null = null;
  #positionals = 0;
  /** Each may have taken the argument after it as its value, so that many more are looked at. */
  #unknownFlags = 0;
  /** Whether the argument before this one may have taken it as its value. */
  #mayBeValue = false;
  #isCodeGiven = false;

  constructor(rules: ArgumentRules, args: readonly string[]) {
    this.#rules = rules;
    this.#args = args;
    this.#flags = [...(rules.subcommands?.before ?? []), ...rules.flags];
    this.#scope = rules;
    this.#needsSubcommand = rules.subcommands !== undefined;
  }

  read(): ArgumentVerdict {
    const { bareStart } = this.#rules;
    if (bareStart !== undefined && this.#args[0]?.startsWith("-") === false)
      return { kind: "refused", place: 1, flag: null, reason: bareStart };
    while (this.#index < this.#args.length && !this.#isOver) {
      const place = this.#index + 1;
      const unknownBefore = this.#unknownFlags;
      const problem = this.#readOne(this.#args[this.#index] ?? "");
      if (problem) return { kind: "refused", place, ...problem };
      this.#mayBeValue = this.#unknownFlags > unknownBefore;
      this.#index += 1;
    }
    return { kind: "fine", delegated: this.#delegated };
  }

  #readOne(argument: string): Omit<ArgumentProblem, "place"> | null {
    if (this.#areFlagsOver || !argument.startsWith("-") || argument === "-") return this.#readPositional(argument);
    if (argument === "--") {
      if (!this.#mayBeValue) this.#areFlagsOver = true;
      return null;
    }
    return this.#readFlag(argument);
  }

  #readPositional(argument: string): Omit<ArgumentProblem, "place"> | null {
    if (this.#needsSubcommand) return this.#chooseSubcommand(argument);
    const firstPlace = Math.max(0, this.#positionals - this.#unknownFlags);
    const reason = this.#isCodeGiven ? null : (this.#scope.positional?.(argument, firstPlace) ?? null);
    if (reason !== null) return { flag: null, reason };
    this.#positionals += 1;
    if (this.#scope.stopsAtPositional && this.#positionals > this.#unknownFlags) this.#isOver = true;
    return null;
  }

  #chooseSubcommand(name: string): Omit<ArgumentProblem, "place"> | null {
    const { allowed, refused, others } = this.#rules.subcommands ?? { allowed: {}, refused: {}, others: {} };
    this.#needsSubcommand = false;
    if (Object.hasOwn(refused, name)) return { flag: name, reason: refused[name] ?? "" };
    const found = Object.hasOwn(allowed, name) ? allowed[name] : others;
    if (typeof found === "string") return { flag: null, reason: found };
    this.#scope = found ?? {};
    this.#flags = [...(this.#scope.flags ?? []), ...this.#rules.flags];
    this.#unknownFlags = 0;
    return null;
  }

  #readFlag(argument: string): Omit<ArgumentProblem, "place"> | null {
    const dashes = /^-+/.exec(argument)?.[0].length ?? 0;
    const equals = argument.indexOf("=");
    const name = equals < 0 ? argument.slice(dashes) : argument.slice(dashes, equals);
    const attached = equals < 0 ? null : argument.slice(equals + 1);
    const { longDashes, combinesShort, anyDashLetters } = this.#rules.style;
    const isLong =
      (dashes === 2 && !(longDashes === "any" && name.length === 1)) ||
      (longDashes === "any" && name.length > 1) ||
      longDashes === "one or two";
    const long = isLong ? this.#findLong(name) : undefined;
    if (long?.isAbbreviated)
      return { flag: namesOf(long.flag), reason: "it is a beginning of this option's name. Write the name out" };
    if (long) return this.#take(long.flag, attached);
    if (anyDashLetters !== undefined && dashes > 1 && [...name].every((letter) => anyDashLetters.includes(letter)))
      return this.#readCluster(argument.slice(dashes));
    if (dashes === 1 && longDashes !== "one or two")
      return combinesShort ? this.#readCluster(argument.slice(1)) : this.#readShort(`-${name}`, attached);
    return this.#unknown(attached !== null);
  }

  #findLong(name: string): { flag: FlagRule; isAbbreviated: boolean } | undefined {
    const wanted = longName(name);
    const exact = this.#flags.find(({ names }) =>
      names.some((known) => isLongName(known, this.#rules) && longName(known) === wanted),
    );
    if (exact) return { flag: exact, isAbbreviated: false };
    if (!this.#rules.style.abbreviates || wanted === "") return undefined;
    const meant = this.#flags.find(
      (flag) =>
        (flag.refused !== undefined || flag.check !== undefined) &&
        flag.names.some((known) => isLongName(known, this.#rules) && longName(known).startsWith(wanted)),
    );
    return meant && { flag: meant, isAbbreviated: true };
  }

  #readShort(name: string, attached: string | null): Omit<ArgumentProblem, "place"> | null {
    const flag = this.#flags.find(({ names }) => names.includes(name));
    return flag ? this.#take(flag, attached) : this.#unknown(attached !== null);
  }

  /** `-xvf`: what follows a letter that takes a value is that value; a letter that nobody knows may be one or the other. */
  #readCluster(letters: string): Omit<ArgumentProblem, "place"> | null {
    let isLastKnown = true;
    for (let at = 0; at < letters.length; at += 1) {
      const letter = letters.charAt(at);
      const flag = this.#flags.find(({ names }) => names.includes(`-${letter}`));
      isLastKnown = flag !== undefined;
      if (!flag) continue;
      const rest = letters.slice(at + 1).replace(/^=/, "");
      const takesRest = (flag.value === "required" || flag.value === "optional") && rest !== "";
      const problem = this.#take(flag, takesRest ? rest : null, at + 1 < letters.length);
      if (problem || takesRest || this.#isOver) return problem;
    }
    return isLastKnown ? null : this.#unknown(false);
  }

  #take(flag: FlagRule, attached: string | null, isInCluster = false): Omit<ArgumentProblem, "place"> | null {
    const name = namesOf(flag);
    if (flag.refused !== undefined) return { flag: name, reason: flag.refused };
    const value = attached ?? (isInCluster ? null : this.#takeNext(flag));
    if (value !== null && attached === null && value.startsWith("-") && value !== "-")
      return { flag: name, reason: "its value starts with a dash. Attach it (--name=value), or leave the dash out" };
    const reason = value === null ? null : (flag.check?.(value) ?? null);
    if (reason !== null) return { flag: name, reason };
    if (this.#mayBeValue && (flag.endsFlags || flag.bringsCode))
      return {
        flag: name,
        reason: "the option before it is not known here and may take it as its value. Write it first",
      };
    if (flag.bringsCode) this.#isCodeGiven = true;
    if (flag.endsFlags) {
      this.#isOver = true;
      const program = flag.startsProgram?.(value ?? "") ?? null;
      const offset = this.#index + 1;
      if (program !== null) this.#delegated = { program, args: this.#args.slice(offset), offset };
    }
    return null;
  }

  #takeNext(flag: FlagRule): string | null {
    const next = this.#args[this.#index + 1];
    if (next === undefined || flag.value === "none" || flag.value === "optional") return null;
    if (flag.value === "boolean" && !/^(true|false|null)$/i.test(next)) return null;
    this.#index += 1;
    return next;
  }

  #unknown(hasValue: boolean): Omit<ArgumentProblem, "place"> | null {
    if (hasValue) return null;
    this.#unknownFlags += 1;
    if (!this.#needsSubcommand) return null;
    return { flag: null, reason: "this option is not known here before the subcommand. Write it after the subcommand" };
  }
}

function isLongName(known: string, { style }: ArgumentRules): boolean {
  return known.startsWith("--") || style.longDashes === "one or two";
}

/** Programs that take `_` for `-`, or capital letters for small ones, are not to be outwitted. */
function longName(name: string): string {
  const bare = name.replace(/^-+/, "");
  return bare.length === 1 ? bare : bare.toLowerCase().replaceAll("_", "-");
}

function namesOf(flag: FlagRule): string {
  return flag.names.join(", ");
}
