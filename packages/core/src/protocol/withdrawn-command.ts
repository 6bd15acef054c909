import type { CommandText } from "./command.ts";

/**
 * What fills the number of a command that the relay took back because it ran out of time on the way (PROTOCOL 4.11). The
 * bridge takes the number and does nothing else: no text, so no run that it could be about.
 */
export const withdrawnCommand: CommandText = { signed: "", signature: "A".repeat(86), sealed: null };

export function isWithdrawn({ signed }: Pick<CommandText, "signed">): boolean {
  return signed === withdrawnCommand.signed;
}
