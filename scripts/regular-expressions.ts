import { analyse } from "scslre";
import { parseAst } from "vite";

/** A regular expression as it stands in a program. */
export interface FoundExpression {
  readonly pattern: string;
  readonly flags: string;
}

export interface FoundExpressions {
  readonly literals: readonly FoundExpression[];
  /** How many are put together while the program runs. */
  readonly built: number;
}

/** The regular expressions in the text of a TypeScript file. */
export function findExpressions(text: string, path: string): FoundExpressions {
  const literals: FoundExpression[] = [];
  let built = 0;
  const visit = (node: unknown): void => {
    if (Array.isArray(node)) return node.forEach(visit);
    if (!isNode(node)) return;
    if (node.regex) literals.push(node.regex);
    if (["NewExpression", "CallExpression"].includes(node.type) && node.callee?.name === "RegExp") built++;
    Object.values(node).forEach(visit);
  };
  visit(parseAst(text, { lang: path.endsWith("x") ? "tsx" : "ts" }));
  return { literals, built };
}

/** Whether some text takes more time than in proportion to its length: twice the text, four times the time, or worse. */
export function isSlow({ pattern, flags }: FoundExpression): boolean {
  return analyse({ source: pattern, flags }).reports.length > 0;
}

interface SyntaxNode {
  readonly type: string;
  readonly regex?: FoundExpression | null;
  readonly callee?: { readonly name?: string };
}

function isNode(value: unknown): value is SyntaxNode {
  return typeof value === "object" && value !== null && "type" in value;
}
