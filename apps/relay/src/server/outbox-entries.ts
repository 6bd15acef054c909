import { refuse, type Refusal } from "@quarterdeck/core/errors/result";
import { commandSchema, type Command } from "@quarterdeck/core/protocol/command";
import { limits } from "@quarterdeck/core/protocol/limits";
import { advanceKeySet, droppedKeys, trustedKeys, type KeySet } from "@quarterdeck/core/protocol/key-set";
import type { OutboxEntry, Trust } from "@quarterdeck/core/protocol/relay-api";
import { isSignedBy, type SignedText } from "@quarterdeck/core/protocol/signing";
import { isUsableCertificate, lastsLonger, readCertificate, type PlatformTrust } from "../session/platform-trust.ts";

/** What the service key vouches for alone. */
const unsignedKinds = ["revoke", "revokeViewers", "limits", "priority", "cordon"] as const;
type UnsignedKind = (typeof unsignedKinds)[number];

function isUnsigned(entry: OutboxEntry): entry is Extract<OutboxEntry, { kind: UnsignedKind }> {
  return (unsignedKinds as readonly string[]).includes(entry.kind);
}

/**
 * An outbox entry whose signed part was checked. `problem`: it must not reach the bridge. `isStale`: because a key signed it
 * that was revoked since, so that the API may sign it anew.
 */
export type OpenedEntry =
  | Extract<OutboxEntry, { kind: UnsignedKind }>
  | (Extract<OutboxEntry, { kind: "register" | "trust" }> & { readonly opened: OpenedTrust | null })
  | (Extract<OutboxEntry, { kind: "command" }> & {
      readonly command: Command;
      readonly problem: Refusal | null;
      readonly isStale: boolean;
    })
  | (Extract<OutboxEntry, { kind: "cancel" }> & { readonly problem: Refusal | null });

interface Opening {
  readonly serverId: string;
  readonly keys: KeySet;
}

interface Judged {
  readonly problem: Refusal | null;
  readonly isStale: boolean;
}

const encoder = new TextEncoder();

function parseCommand(text: SignedText): Command | undefined {
  try {
    return commandSchema.parse(JSON.parse(text.signed));
  } catch {
    return undefined; // The caller refuses the entry.
  }
}

async function judge(text: SignedText, command: Command, { serverId, keys }: Opening): Promise<Judged> {
  const problem = (refusal: { error: Refusal }, isStale = false): Judged => ({ problem: refusal.error, isStale });
  const isBy = async (signers: readonly string[]) =>
    (await Promise.all(signers.map((key) => isSignedBy(key, "command", text)))).includes(true);
  const isTrusted = await isBy(trustedKeys(keys));
  if (!isTrusted && !(await isBy(keys.revoked))) {
    return problem(refuse("SIGNATURE_INVALID", "The relay knows no platform key that signed this command."));
  }
  if (command.serverId !== serverId) {
    return problem(refuse("COMMAND_WRONG_TARGET", "The command was signed for another server."));
  }
  if (encoder.encode(text.signed).length > limits.commandBytes) {
    return problem(refuse("TOO_LARGE", `A command may have ${limits.commandBytes} bytes.`));
  }
  if (!isTrusted) return problem(refuse("SIGNATURE_INVALID", "The key that signed this command was revoked."), true);
  return { problem: null, isStale: false };
}

/** Checks a signed command. `command` is `undefined` where the text is none. */
export async function openCommand(
  text: SignedText,
  opening: Opening,
): Promise<Judged & { readonly command: Command | undefined }> {
  const command = parseCommand(text);
  return { command, ...(command ? await judge(text, command, opening) : { problem: null, isStale: false }) };
}

/** What the API says of the platform's keys, judged by what was known before. */
export interface OpenedTrust extends PlatformTrust {
  /** A key that was trusted is not any more. */
  readonly hasDropped: boolean;
  /** What of it does not count, and why. */
  readonly problem: string | null;
}

async function openTrust(told: Trust, known: PlatformTrust): Promise<OpenedTrust> {
  const advanced = await advanceKeySet(known.keys, told.statements);
  const keys = advanced.ok ? advanced.value : known.keys;
  const { relayKey } = readCertificate(known.relayCertificate);
  const [isUsable, isOwnUsable] = await Promise.all(
    [told, known].map(({ relayCertificate }) => isUsableCertificate(relayCertificate, { keys, relayKey })),
  );
  const isBetter = isUsable && (!isOwnUsable || lastsLonger(told.relayCertificate, known.relayCertificate));
  const hasNews = keys.version > known.keys.version || known.statements.length === 0;
  return {
    keys,
    statements: advanced.ok && hasNews ? told.statements : known.statements,
    relayCertificate: isBetter ? told.relayCertificate : known.relayCertificate,
    hasDropped: droppedKeys(known.keys, keys).length > 0,
    problem: advanced.ok ? (isUsable ? null : "the certificate is not for this relay's key") : advanced.error.message,
  };
}

/**
 * Checks the signed parts of outbox entries, each with the keys that the entries before it leave. An entry whose text is no
 * command at all ends the list: it cannot even be reported, so it is not taken.
 */
export async function openEntries(
  entries: readonly OutboxEntry[],
  { serverId, trust }: { readonly serverId: string; readonly trust: PlatformTrust },
): Promise<OpenedEntry[]> {
  const opened: OpenedEntry[] = [];
  let known = trust;
  for (const entry of entries) {
    if (isUnsigned(entry)) {
      opened.push(entry);
      continue;
    }
    if (entry.kind === "register" || entry.kind === "trust") {
      const told = entry.kind === "trust" ? entry : entry.trust;
      const judged = told ? await openTrust(told, known) : null;
      known = judged ?? known;
      opened.push({ ...entry, opened: judged });
      continue;
    }
    const { command, problem, isStale } = await openCommand(entry, { serverId, keys: known.keys });
    if (!command) break;
    opened.push(entry.kind === "command" ? { ...entry, command, problem, isStale } : { ...entry, problem });
  }
  return opened;
}
