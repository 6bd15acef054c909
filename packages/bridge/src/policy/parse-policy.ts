import { createHash } from "node:crypto";
import type * as z from "zod";
import { policySchema, type PolicyRules } from "./policy-schema.ts";
import { pathKey, readToml, type Lines } from "./toml-lines.ts";

/** What the server's owner allows, and where in the file each rule stands. */
export interface Policy {
  readonly path: string;
  /** SHA-256 of the text. */
  readonly hash: string;
  readonly rules: PolicyRules;
  readonly lines: Lines;
}

/** Why a file is no policy: said to its owner, with what to do. */
export interface PolicyProblem {
  readonly problem: string;
}

/** The most bytes of a policy file. */
export const maxPolicyBytes = 256 * 1024;

/** Reads the text of a policy file. Whatever it does not know makes it refuse the whole file. */
export function parsePolicy(path: string, text: string): Policy | PolicyProblem {
  const toml = readToml(text);
  if (!("value" in toml)) return { problem: `${path} line ${toml.line}: ${sentence(toml.problem)} Mend this line.` };
  const parsed = policySchema.safeParse(toml.value);
  if (!parsed.success) return { problem: explain(path, parsed.error, toml.lines) };
  const hash = createHash("sha256").update(text).digest("base64url");
  return { path, hash, rules: parsed.data, lines: toml.lines };
}

/** The line on which a rule stands. */
export function lineOf({ lines }: Pick<Policy, "lines">, place: readonly PropertyKey[]): number {
  return lines.get(pathKey(place)) ?? 1;
}

function explain(path: string, error: z.ZodError, lines: Lines): string {
  const [issue] = error.issues;
  if (!issue) return `${path}: it is not a policy.`;
  const place = issue.code === "unrecognized_keys" ? [...issue.path, ...issue.keys.slice(0, 1)] : issue.path;
  const name = place.filter((part) => typeof part !== "number").join(".");
  const line = lineOf({ lines }, place);
  const what =
    issue.code === "unrecognized_keys"
      ? "there is no such setting. Remove it, or correct its name."
      : sentence(issue.message.replace(/^Invalid \w+: /, ""));
  return `${path} line ${line}: ${name}: ${what}`;
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
