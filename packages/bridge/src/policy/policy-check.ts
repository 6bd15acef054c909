import type { Refusal } from "@quarterdeck/core/errors/result";
import type { Command } from "@quarterdeck/core/protocol/command";

/** What the server's owner allows: why a verified command may not be carried out, or null. */
export type PolicyCheck = (command: Command) => Refusal | null;

/** An owner who has said nothing. */
export const noPolicy: PolicyCheck = () => null;
