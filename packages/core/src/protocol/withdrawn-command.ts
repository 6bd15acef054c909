import type { SignedText } from "./signing.ts";

/**
 * What fills the number of a command that the relay took back because it ran out of time on the way (PROTOCOL 4.7). The
 * bridge takes the number and does nothing else: no text, so no run that it could be about.
 */
export const withdrawnCommand: SignedText = { signed: "", signature: "A".repeat(86) };

export function isWithdrawn({ signed }: SignedText): boolean {
  return signed === withdrawnCommand.signed;
}
