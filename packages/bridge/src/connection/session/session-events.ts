import type { Result } from "@quarterdeck/core/errors/result";
import type { Flight } from "@quarterdeck/core/protocol/in-flight";
import type { SignedText } from "@quarterdeck/core/protocol/signing";
import type { WelcomeBody } from "@quarterdeck/core/protocol/handshake";
import type { RelayToBridge } from "@quarterdeck/core/protocol/relay-to-bridge";

type Frame<T extends RelayToBridge["type"]> = Extract<RelayToBridge, { type: T }>;
export type CommandItem = Frame<"commands">["items"][number];

/** What happens to a session. */
export type SessionEvent =
  | { readonly type: "opened" }
  | { readonly type: "frame"; readonly frame: Result<RelayToBridge>; readonly text: string; readonly nowMs: number }
  | { readonly type: "pong"; readonly nowMs: number }
  /** The challenge was genuine, and this is the answer to it; or it was not. */
  | { readonly type: "helloReady"; readonly hello: Result<{ readonly text: SignedText; readonly relayKey: string }> }
  | { readonly type: "welcomeChecked"; readonly welcome: Result<WelcomeBody> }
  /** Every command up to this number is durable. */
  | { readonly type: "journaled"; readonly through: number }
  /** The journal has results up to this number. */
  | { readonly type: "resultsAdded"; readonly through: number }
  /** What was sent, frame by frame: less than asked for where the bytes in flight did not allow more. */
  | { readonly type: "resultsSent"; readonly flights: readonly Flight[] }
  | { readonly type: "timer"; readonly name: TimerName; readonly nowMs: number }
  | {
      readonly type: "closed";
      readonly code: number;
      readonly reason: string;
      readonly nowMs: number;
      readonly random: number;
    }
  | { readonly type: "welcomedAt"; readonly nowMs: number };

export type TimerName = "step" | "heartbeat" | "reconnect";

/** What the shell has to do. */
export type SessionEffect =
  | { readonly type: "connect" }
  | { readonly type: "sendHello"; readonly text: SignedText }
  | { readonly type: "acknowledgeCommands"; readonly epoch: number; readonly through: number }
  | { readonly type: "ping" }
  | { readonly type: "close"; readonly code: number; readonly reason: string }
  | { readonly type: "setTimer"; readonly name: TimerName; readonly delayMs: number }
  | { readonly type: "clearTimer"; readonly name: TimerName }
  | { readonly type: "checkChallenge"; readonly frame: Frame<"challenge">; readonly text: string }
  | {
      readonly type: "checkWelcome";
      readonly frame: Frame<"welcome">;
      readonly hello: SignedText;
      readonly relayKey: string;
    }
  | { readonly type: "online"; readonly welcome: WelcomeBody }
  | { readonly type: "offline"; readonly code: number; readonly reason: string; readonly retryInMs: number | null }
  | { readonly type: "journal"; readonly items: readonly CommandItem[] }
  /** Send what is stored after `after`, at most `count` results and `bytes` of them; answered with `resultsSent`. */
  | {
      readonly type: "sendResults";
      readonly epoch: number;
      readonly after: number;
      readonly count: number;
      readonly bytes: number;
    }
  | { readonly type: "resultsStored"; readonly through: number }
  | { readonly type: "takeKeys"; readonly statements: readonly SignedText[] }
  | { readonly type: "auditHead"; readonly text: SignedText }
  | { readonly type: "interest"; readonly frame: Frame<"interest"> }
  | { readonly type: "credit"; readonly bytes: number }
  /** The relay has results of this session that the journal does not know: it is an old copy (PROTOCOL 2.8). */
  | { readonly type: "outdated"; readonly reason: string }
  | { readonly type: "historyStored"; readonly through: number }
  | { readonly type: "input"; readonly frame: Frame<"input"> }
  | { readonly type: "stopped"; readonly code: number; readonly reason: string }
  | { readonly type: "log"; readonly level: "info" | "warn"; readonly message: string; readonly code?: string };
