import { createHash } from "node:crypto";
import type { Effect } from "@quarterdeck/core/actions/catalogue";
import type { CommandId, RunId } from "@quarterdeck/core/ids";
import type { CommandText } from "@quarterdeck/core/protocol/command";
import { dayMs } from "@quarterdeck/core/units";

/**
 * How far a command has come: RECEIVED (durable, so it may be acknowledged) → INTENT (its run is about to be started) →
 * STARTED → DONE (its result is durable) → ACKNOWLEDGED (the relay has the result).
 */
export const commandStates = ["RECEIVED", "INTENT", "STARTED", "DONE", "ACKNOWLEDGED"] as const;
export type CommandState = (typeof commandStates)[number];

/** How long an id is remembered past its command's expiry. */
export const rememberMs = dayMs;

/** One command as the journal keeps it. */
export interface CommandRecord {
  readonly commandId: CommandId;
  readonly runId: RunId;
  readonly text: CommandText;
  readonly effect: Effect;
  readonly state: CommandState;
  /** The boot of the machine during which the run was last about to be started. */
  readonly bootId: string | null;
  /** How often it was started again after having been cut off. */
  readonly reruns: number;
  readonly receivedAtMs: number;
  /** Until when the id must be remembered, so that nothing runs twice. */
  readonly forgetAtMs: number;
}

/** SHA-256 over every field of a row: what a flipped bit on the disk cannot pass. */
export function recordChecksum(record: CommandRecord): string {
  const { text, ...fields } = record;
  const content = JSON.stringify([
    ...Object.entries(fields).toSorted(([a], [b]) => (a < b ? -1 : 1)),
    text.signed,
    text.signature,
    text.sealed,
  ]);
  return createHash("sha256").update(content).digest("base64url");
}
