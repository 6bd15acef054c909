import { maxArgumentLength, maxArguments } from "@quarterdeck/core/actions/catalogue";

/** Why a line of arguments cannot be read. */
export type ArgumentProblem =
  | "openSingleQuote"
  | "openDoubleQuote"
  | "endsWithBackslash"
  | "nul"
  | "tooMany"
  | "tooLong";

export type ParsedArguments =
  | { readonly ok: true; readonly args: readonly string[] }
  | { readonly ok: false; readonly problem: ArgumentProblem };

const escapedInDoubleQuotes = new Set(['"', "\\"]);

/**
 * Reads a line of arguments the way people write them: separated by spaces, with 'single' and "double" quotes and
 * backslashes. It is no shell: `$`, `*`, `;`, `|` and `>` are ordinary characters, and nothing is ever expanded.
 */
export function parseArguments(line: string): ParsedArguments {
  const args: string[] = [];
  let current: string | null = null;
  let quote: "'" | '"' | null = null;
  for (let i = 0; i < line.length; i++) {
    const character = line.charAt(i);
    if (character === "\0") return { ok: false, problem: "nul" };
    if (quote === "'") {
      if (character === "'") quote = null;
      else current = (current ?? "") + character;
    } else if (character === "\\" && (quote === null || escapedInDoubleQuotes.has(line.charAt(i + 1)))) {
      i += 1;
      if (i === line.length) return { ok: false, problem: "endsWithBackslash" };
      if (line.charAt(i) === "\0") return { ok: false, problem: "nul" };
      current = (current ?? "") + line.charAt(i);
    } else if (quote === '"') {
      if (character === '"') quote = null;
      else current = (current ?? "") + character;
    } else if (character === "'" || character === '"') {
      quote = character;
      current ??= "";
    } else if (/\s/.test(character)) {
      if (current !== null) args.push(current);
      current = null;
    } else current = (current ?? "") + character;
  }
  if (quote !== null) return { ok: false, problem: quote === "'" ? "openSingleQuote" : "openDoubleQuote" };
  if (current !== null) args.push(current);
  return checked(args);
}

function checked(args: readonly string[]): ParsedArguments {
  if (args.length > maxArguments) return { ok: false, problem: "tooMany" };
  if (args.some((argument) => argument.length > maxArgumentLength)) return { ok: false, problem: "tooLong" };
  return { ok: true, args };
}

/** Writes arguments as a line that `parseArguments` reads back as exactly these. */
export function formatArguments(args: readonly string[]): string {
  return args.map(quoted).join(" ");
}

function quoted(argument: string): string {
  if (argument !== "" && !/[\s'"\\]/.test(argument)) return argument;
  if (!argument.includes("'")) return `'${argument}'`;
  return `"${argument.replaceAll(/(["\\])/g, "\\$1")}"`;
}
