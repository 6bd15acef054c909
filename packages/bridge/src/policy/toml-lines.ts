import { getStaticTOMLValue, parseTOML, ParseError, type AST } from "toml-eslint-parser";

/** Where in a file something stands, by the names and places that lead to it. */
export type Lines = ReadonlyMap<string, number>;

export interface TomlText {
  readonly value: unknown;
  readonly lines: Lines;
}

/** Why a text is no TOML. */
export interface TomlProblem {
  readonly line: number;
  readonly problem: string;
}

export function pathKey(path: readonly PropertyKey[]): string {
  return JSON.stringify(path.map(String));
}

/** Reads TOML 1.0 and remembers on which line each name and each element of a list stands. */
export function readToml(text: string): TomlText | TomlProblem {
  try {
    const program = parseTOML(text, { tomlVersion: "1.0" });
    const lines = new Map<string, number>();
    for (const node of program.body[0].body) {
      if (node.type === "TOMLKeyValue") addKeyValue(lines, [], node);
      else {
        addName(lines, node.resolvedKey, node.loc.start.line);
        for (const pair of node.body) addKeyValue(lines, node.resolvedKey, pair);
      }
    }
    // The library sets what it reads on plain objects, where this name means something else.
    const trap = [...lines].find(([key]) => key.includes('"__proto__"'));
    if (trap) return { line: trap[1], problem: "there is no such setting" };
    return { value: getStaticTOMLValue(program), lines };
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    return { line: error.lineNumber, problem: error.message };
  }
}

type Path = readonly (string | number)[];

function addName(lines: Map<string, number>, path: Path, line: number): void {
  for (let length = 1; length <= path.length; length += 1) {
    const key = pathKey(path.slice(0, length));
    if (!lines.has(key)) lines.set(key, line);
  }
}

function addKeyValue(lines: Map<string, number>, parent: Path, { key, value }: AST.TOMLKeyValue): void {
  const names = key.keys.map((part) => (part.type === "TOMLBare" ? part.name : part.value));
  const path = [...parent, ...names];
  addName(lines, path, key.loc.start.line);
  addContent(lines, path, value);
}

function addContent(lines: Map<string, number>, path: Path, node: AST.TOMLContentNode): void {
  if (node.type === "TOMLArray") {
    for (const [index, element] of node.elements.entries()) {
      lines.set(pathKey([...path, index]), element.loc.start.line);
      addContent(lines, [...path, index], element);
    }
  } else if (node.type === "TOMLInlineTable") {
    for (const pair of node.body) addKeyValue(lines, path, pair);
  }
}
