import * as z from "zod";
import { accept, refuse, type Result } from "../errors/result.ts";
import { openSigned, publicKeySchema, type SignedText } from "./signing.ts";

/** The most statements that travel at once. Who has missed more cannot verify the relay either (PROTOCOL 14.4). */
export const maxKeyStatements = 8;

/** The platform's public keys at one time (PROTOCOL 14). */
export const keySetSchema = z.strictObject({
  /** Rises by one with each statement. */
  version: z.int().min(1),
  /** Signs commands, tickets and certificates. */
  current: publicKeySchema,
  /** Signs the next statement and nothing else, until it becomes the current one. */
  next: publicKeySchema,
  /** The one before, while not everybody has heard of the rotation. */
  previous: publicKeySchema.nullable(),
  /** Keys that nobody may ever obey again, newest last. */
  revoked: z.array(publicKeySchema).max(32),
});
export type KeySet = z.infer<typeof keySetSchema>;

/** What the platform signs about its own keys, with the `next` of the version before (PROTOCOL 14.2). */
export const keyStatementSchema = z.strictObject({ v: z.literal(1), ...keySetSchema.shape });

/** The keys that may have signed a command, a ticket or a certificate. */
export function trustedKeys({ current, next, previous }: KeySet): string[] {
  return previous === null ? [current, next] : [current, next, previous];
}

/** The keys that `after` does not trust any more and `before` did. */
export function droppedKeys(before: KeySet, after: KeySet): string[] {
  const kept = trustedKeys(after);
  return trustedKeys(before).filter((key) => !kept.includes(key));
}

/**
 * What one who knows `known` knows after these statements, oldest first. Statements that are not newer are passed over, so
 * an old one brings nothing back; the first that does not follow on or is not signed by the newest known key ends it.
 *
 * @returns the newest set, or `SIGNATURE_INVALID` or `PROTOCOL_VIOLATION`, and then nothing of the statements counts
 */
export async function advanceKeySet(known: KeySet, statements: readonly SignedText[]): Promise<Result<KeySet>> {
  let set = known;
  for (const text of statements) {
    if (claimedVersion(text) <= set.version) continue;
    const opened = await openSigned(text, { keys: [set.next], domain: "keyStatement", schema: keyStatementSchema });
    if (!opened.ok) return opened;
    const { v: _, ...next } = opened.value;
    const problem = problemOf(set, next);
    if (problem !== null) return refuse("PROTOCOL_VIOLATION", problem);
    set = next;
  }
  return accept(set);
}

/** The statements that someone with that version of the keys does not have. */
export function statementsAfter(statements: readonly SignedText[], version: number): SignedText[] {
  return statements.filter((text) => claimedVersion(text) > version);
}

/** What a statement says of its version before anybody verified it: enough to pass it over, and for nothing else. */
function claimedVersion(text: SignedText): number {
  try {
    const body = z.object({ version: z.int() }).safeParse(JSON.parse(text.signed));
    return body.success ? body.data.version : Infinity;
  } catch {
    return Infinity; // No JSON: verifying it says so.
  }
}

function problemOf(known: KeySet, next: KeySet): string | null {
  if (next.version !== known.version + 1) {
    return `The statement is version ${next.version} of the platform's keys; ${known.version} is known here.`;
  }
  const keys = trustedKeys(next);
  if (new Set(keys).size !== keys.length) return "The statement names a key twice.";
  if (known.revoked.some((key) => !next.revoked.includes(key))) return "The statement forgets a revoked key.";
  if (keys.some((key) => next.revoked.includes(key))) return "The statement names a revoked key.";
  return null;
}
