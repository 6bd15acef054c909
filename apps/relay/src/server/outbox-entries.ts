import { refuse, type Refusal, type Result } from "@quarterdeck/core/errors/result";
import { commandSchema, type Command } from "@quarterdeck/core/protocol/command";
import { limits } from "@quarterdeck/core/protocol/limits";
import type { OutboxEntry } from "@quarterdeck/core/protocol/relay-api";
import { isSignedBy, type SignedText } from "@quarterdeck/core/protocol/signing";

/** An outbox entry whose signed part was checked. `problem`: it must not reach the bridge. */
export type OpenedEntry =
  | Extract<OutboxEntry, { kind: "register" | "revoke" }>
  | (Extract<OutboxEntry, { kind: "command" }> & { readonly command: Command; readonly problem: Refusal | null })
  | (Extract<OutboxEntry, { kind: "cancel" }> & { readonly problem: Refusal | null });

interface Opening {
  readonly serverId: string;
  readonly platformKeys: readonly string[];
}

const encoder = new TextEncoder();

function parseCommand(text: SignedText): Command | undefined {
  try {
    return commandSchema.parse(JSON.parse(text.signed));
  } catch {
    return undefined; // The caller refuses the entry.
  }
}

async function problemOf(text: SignedText, command: Command, opening: Opening): Promise<Refusal | null> {
  const problem = (result: Result<never>) => (result.ok ? null : result.error);
  const checks = await Promise.all(opening.platformKeys.map((key) => isSignedBy(key, "command", text)));
  if (!checks.includes(true)) {
    return problem(refuse("SIGNATURE_INVALID", "The relay knows no platform key that signed this command."));
  }
  if (command.serverId !== opening.serverId) {
    return problem(refuse("COMMAND_WRONG_TARGET", "The command was signed for another server."));
  }
  if (encoder.encode(text.signed).length > limits.commandBytes) {
    return problem(refuse("TOO_LARGE", `A command may have ${limits.commandBytes} bytes.`));
  }
  return null;
}

/** Checks a signed command. `command` is `undefined` where the text is none. */
export async function openCommand(
  text: SignedText,
  opening: Opening,
): Promise<{ readonly command: Command | undefined; readonly problem: Refusal | null }> {
  const command = parseCommand(text);
  return { command, problem: command ? await problemOf(text, command, opening) : null };
}

/**
 * Checks the signed parts of outbox entries. An entry whose text is no command at all ends the list: it cannot even be
 * reported, so it is not taken.
 */
export async function openEntries(entries: readonly OutboxEntry[], opening: Opening): Promise<OpenedEntry[]> {
  const opened: OpenedEntry[] = [];
  for (const entry of entries) {
    if (entry.kind === "register" || entry.kind === "revoke") {
      opened.push(entry);
      continue;
    }
    const { command, problem } = await openCommand(entry, opening);
    if (!command) break;
    opened.push(entry.kind === "command" ? { ...entry, command, problem } : { ...entry, problem });
  }
  return opened;
}
