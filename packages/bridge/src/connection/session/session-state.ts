import type { Flight } from "@quarterdeck/core/protocol/in-flight";
import type { RelayToBridge } from "@quarterdeck/core/protocol/relay-to-bridge";
import type { SignedText } from "@quarterdeck/core/protocol/signing";
import type { Version } from "@quarterdeck/core/protocol/version";
import type { SessionEffect } from "./session-events.ts";

type Phase =
  | { readonly name: "offline" }
  | { readonly name: "connecting" }
  | { readonly name: "awaitingChallenge" }
  | { readonly name: "checkingChallenge" }
  | { readonly name: "awaitingWelcome"; readonly hello: SignedText; readonly relayKey: string }
  | { readonly name: "checkingWelcome" }
  | {
      readonly name: "online";
      /** What the relay speaks on this connection: nothing newer is sent. */
      readonly protocol: Version;
      readonly epoch: number;
      readonly resultCredit: number;
      readonly heartbeatMs: number;
    };

/** Everything that a session knows of its connection. */
export interface Session {
  readonly phase: Phase;
  /** Commands up to here were handed to the journal; the next one must follow on. */
  readonly takenCommands: number;
  /** Commands up to here are durable. */
  readonly journaledCommands: number;
  /** The relay asked to be left, once what is being written is written. */
  readonly isDraining: boolean;
  /** Results up to here are on their way or arrived. */
  readonly sentResults: number;
  /** The relay has durably every result up to here. */
  readonly storedResults: number;
  /** The newest result in the journal. */
  readonly lastResult: number;
  /** Results on the way to the relay, and commands on the way to the journal. */
  readonly resultFlights: readonly Flight[];
  readonly commandFlights: readonly Flight[];
  /** When anything came from the relay, on the clock of the events. */
  readonly heardAtMs: number;
  readonly failures: number;
  /** How long the bridge has stayed away because it was refused, since a relay last proved itself. */
  readonly refusedForMs: number;
  /** What was said on this connection before a relay proved itself, for the log. */
  readonly unprovedWords: number;
  readonly spreadMs: number;
  readonly retryAfterMs: number | null;
  readonly onlineSinceMs: number | null;
  /** What the relay sent right after its welcome, while that is still being checked. */
  readonly deferred: readonly Deferred[];
}

interface Deferred {
  readonly frame: RelayToBridge;
  readonly text: string;
}

const defaultSpreadMs = 2000;

export function newSession(counters: { takenCommands: number; lastResult: number }): Session {
  return {
    phase: { name: "offline" },
    ...counters,
    journaledCommands: counters.takenCommands,
    isDraining: false,
    sentResults: 0,
    storedResults: 0,
    resultFlights: [],
    commandFlights: [],
    heardAtMs: 0,
    failures: 0,
    refusedForMs: 0,
    unprovedWords: 0,
    spreadMs: defaultSpreadMs,
    retryAfterMs: null,
    onlineSinceMs: null,
    deferred: [],
  };
}

/** A session after an event, and what is to be done. */
export interface Step {
  readonly session: Session;
  readonly effects: readonly SessionEffect[];
}

export const step = (session: Session, ...effects: SessionEffect[]): Step => ({ session, effects });
export const close = (code: number, reason: string): SessionEffect => ({
  type: "close",
  code,
  reason: reason.slice(0, 120),
});
