import type { OutboxEntry } from "@quarterdeck/core/protocol/relay-api";
import { cutBatch } from "./cut-batch.ts";

/** What can come of sending one server's outbox. `unfinished`: it is to be tried again. */
export type SendingOutcome = "complete" | "unfinished" | "claimLost";

/** How far the outbox of one server has come, within one pass over all servers (PROTOCOL 8.1). */
export interface ServerSending {
  /** Up to where the relay is known to have everything. */
  readonly through: number;
  readonly phase:
    | { readonly name: "reading" }
    | { readonly name: "sending"; readonly first: number }
    /** The relay's answer is being recorded. */
    | { readonly name: "recording"; readonly stored: number }
    | { readonly name: "ended" };
}

export type SendingEvent =
  | { readonly type: "read"; readonly entries: readonly OutboxEntry[] }
  /** The relay has everything up to there. */
  | { readonly type: "stored"; readonly through: number }
  | { readonly type: "relayFailed" }
  /** `isOurs`: the claim still was, so it counts. */
  | { readonly type: "recorded"; readonly isOurs: boolean }
  | { readonly type: "stop" };

export type SendingEffect =
  | { readonly type: "read"; readonly after: number }
  | { readonly type: "send"; readonly entries: readonly OutboxEntry[] }
  | { readonly type: "record"; readonly through: number }
  | { readonly type: "end"; readonly outcome: SendingOutcome };

/**
 * What somebody should know. `refused`: the relay stored nothing. `behind`: it has less than it acknowledged before. `lost`:
 * what it lacks is not kept any more.
 */
export type SendingNote = "refused" | "behind" | "lost";

export interface SendingStep {
  readonly sending: ServerSending;
  /** What is to be done; its outcome is the next event. */
  readonly effect: SendingEffect;
  readonly note?: SendingNote;
}

/** Begins with the entries after those that the relay is known to have. */
export function startSending(through: number): SendingStep {
  return read(through);
}

/** One step of sending: pure, one effect for each event. */
export function advanceSending(sending: ServerSending, event: SendingEvent): SendingStep {
  const { through, phase } = sending;
  if (event.type === "stop") return end(through, "complete");
  if (event.type === "relayFailed") return end(through, "unfinished");
  switch (phase.name) {
    case "reading":
      if (event.type === "read") return afterRead(through, event.entries);
      break;
    case "sending":
      if (event.type === "stored") return afterStored(sending, event.through, phase.first);
      break;
    case "recording":
      if (event.type === "recorded") return event.isOurs ? read(phase.stored) : end(through, "claimLost");
      break;
    case "ended":
      break;
  }
  throw new Error(`${event.type} comes while the outbox is ${phase.name}`);
}

function read(through: number): SendingStep {
  return { sending: { through, phase: { name: "reading" } }, effect: { type: "read", after: through } };
}

function end(through: number, outcome: SendingOutcome): SendingStep {
  return { sending: { through, phase: { name: "ended" } }, effect: { type: "end", outcome } };
}

function afterRead(through: number, kept: readonly OutboxEntry[]): SendingStep {
  const entries = cutBatch(kept);
  const [first] = entries;
  if (first === undefined) return end(through, "complete");
  // The relay turned out to lack what is between them, now or in an earlier pass.
  if (first.position > through + 1) return { ...end(through, "unfinished"), note: "lost" };
  return {
    sending: { through, phase: { name: "sending", first: first.position } },
    effect: { type: "send", entries },
  };
}

function afterStored({ through }: ServerSending, stored: number, first: number): SendingStep {
  const isBehind = stored < first;
  if (isBehind && stored === through) return { ...end(through, "unfinished"), note: "refused" };
  return {
    sending: { through, phase: { name: "recording", stored } },
    effect: { type: "record", through: stored },
    ...(isBehind ? { note: "behind" as const } : {}),
  };
}
