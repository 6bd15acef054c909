import { hash, verify } from "@node-rs/argon2";
import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";

const minLength = 12;
// OWASP's first choice for argon2id: 19 MiB, two passes, one lane.
const parameters = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** What people choose when twelve characters are asked for, without digits and marks around it. */
const common = new Set([
  "abcdefghijkl",
  "adminadminadmin",
  "changemeplease",
  "correcthorsebatterystaple",
  "iloveyouiloveyou",
  "letmeinletmein",
  "passwordpassword",
  "quarterdeck",
  "quarterdeckquarterdeck",
  "qwertyqwerty",
  "qwertyuiop",
  "qwertyuiopasdf",
  "qwertyuiopasdfghjkl",
  "welcomewelcome",
]);

/** Refuses a password that would be guessed; says what to do instead. */
export function checkNewPassword(password: string, email: string): void {
  const refuse = (message: string) => {
    throw new QuarterdeckError("BAD_REQUEST", message);
  };
  const plain = password.toLowerCase();
  if ([...password].length < minLength) refuse(`Use at least ${minLength} characters for the password.`);
  if (plain.includes(email) || plain === email.split("@")[0])
    refuse("The password must not contain your e-mail address.");
  if (new Set(plain).size < 5) refuse("This password repeats a few characters only. Choose another one.");
  const letters = plain.replaceAll(/[^a-z]/g, "");
  const isCommon =
    common.has(letters) || /^(password|admin|welcome|quarterdeck|letmein|qwerty|changeme)$/.test(letters);
  if (isCommon || (letters === "" && isSequence(plain)))
    refuse("This password is among the first that are guessed. Choose another one.");
}

function isSequence(text: string): boolean {
  return ["01234567890123456789", "98765432109876543210", "12345678901234567890"].some((digits) =>
    digits.includes(text),
  );
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
