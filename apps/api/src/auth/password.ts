import { hash, verify } from "@node-rs/argon2";
import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import { estimateStrength } from "./password-strength.ts";

const minLength = 12;
// OWASP's first choice for argon2id: 19 MiB, two passes, one lane.
const parameters = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** 10^8 guesses: beyond what an attacker may try here, with argon2id behind it. */
const fewestGuessesLog10 = 8;

/** Refuses a password that would be guessed; says what to do instead. */
export async function checkNewPassword(password: string, email: string): Promise<void> {
  const normal = password.normalize("NFKC");
  if ([...normal].length < minLength) throw refusal(`Use at least ${minLength} characters for the password.`);
  const own = [...email.toLowerCase().split(/[@.+_-]/), "quarterdeck"].filter((word) => word.length > 2);
  if (isMostly(own, normal.toLowerCase()))
    throw refusal(
      "The password says little more than your e-mail address. Use four words that have nothing to do with you.",
    );
  const { guessesLog10, why } = await estimateStrength(normal, [...own, email]);
  if (guessesLog10 >= fewestGuessesLog10) return;
  const reason = why === null ? "It would be guessed soon." : why;
  throw refusal(
    `Choose another password. ${reason} Use four or more words that have nothing to do with each other, or let a password manager make one.`,
  );
}

/** Whether little is left of a password without what everybody knows of its owner. */
function isMostly(own: readonly string[], password: string): boolean {
  const rest = own.reduce((text, word) => text.replaceAll(word, " "), password);
  return rest !== password && rest.replaceAll(/[\s\p{P}\d]/gu, "").length < minLength / 2;
}

function refusal(message: string): QuarterdeckError {
  return new QuarterdeckError("BAD_REQUEST", message);
}

export function hashPassword(password: string): Promise<string> {
  return hash(password.normalize("NFKC"), parameters);
}

let decoy: Promise<string> | undefined;

/** Compares a password with a hash. Without a hash it does the same work and answers no. */
export async function isPassword(password: string, passwordHash: string | null): Promise<boolean> {
  const known = passwordHash ?? (await (decoy ??= hashPassword(crypto.randomUUID())));
  const isMatch = await verify(known, password.normalize("NFKC"));
  return isMatch && passwordHash !== null;
}
