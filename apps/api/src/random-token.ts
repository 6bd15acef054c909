import { createHash, randomBytes } from "node:crypto";

/** A secret of 192 bits that says by its prefix what it is. */
export function makeToken(prefix: string): string {
  return `${prefix}_${randomBytes(24).toString("base64url")}`;
}

/** What is stored of a token. It has too much entropy to be guessed from its hash. */
export function hashToken(token: string): string {
  return createHash("sha256").update(token).digest("base64url");
}
