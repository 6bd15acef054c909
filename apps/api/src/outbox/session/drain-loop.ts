import type { Claim } from "../claim.ts";

/** How long a claim holds. It is renewed when a third of that is over. */
export const claimMs = 15_000;
/** Without a nudge it looks this often: for what other replicas wrote, and whether the relay is there. */
export const idleMs = 5_000;
export const backoffMs = { first: 200, most: 5_000 } as const;

/** What the drainer of the outbox knows of itself, between one pass over all servers and the next. */
export interface DrainLoop {
  readonly phase: "claiming" | "listing" | "probing" | "sending" | "waiting" | "ended";
  readonly claim: { readonly held: Claim; readonly sinceMs: number } | null;
  /** Servers with something to send, in this pass. */
  readonly pending: number;
  /** Something was written since this pass began. */
  readonly isNudged: boolean;
  readonly isStopping: boolean;
  /** Passes in a row that left something. */
  readonly failures: number;
}

export type DrainEvent =
  /** It begins, or the wait is over. */
  | { readonly type: "due"; readonly nowMs: number }
  | { readonly type: "claimed"; readonly claim: Claim | null; readonly nowMs: number }
  | { readonly type: "listed"; readonly pending: number; readonly isRelayReachable: boolean }
  | { readonly type: "probed"; readonly isRelayReachable: boolean }
  | { readonly type: "sent"; readonly isComplete: boolean; readonly isClaimLost: boolean }
  /** Something in this pass threw. */
  | { readonly type: "failed" }
  | { readonly type: "nudged" }
  | { readonly type: "stop" };

export type DrainEffect =
  | { readonly type: "claim" }
  | { readonly type: "list" }
  | { readonly type: "probe" }
  /** What was listed, with the claim that is held. */
  | { readonly type: "send"; readonly claim: Claim }
  | { readonly type: "wait"; readonly ms: number }
  /** The wait is over, whatever is left of it. */
  | { readonly type: "wake" }
  | { readonly type: "end" };

export interface DrainStep {
  readonly loop: DrainLoop;
  readonly effect: DrainEffect | null;
}

export const newDrainLoop: DrainLoop = {
  phase: "waiting",
  claim: null,
  pending: 0,
  isNudged: false,
  isStopping: false,
  failures: 0,
};

/** One step of the drainer: pure. What it is told meanwhile (`nudged`, `stop`) has an effect only while it waits. */
export function advanceDrain(loop: DrainLoop, event: DrainEvent): DrainStep {
  switch (event.type) {
    case "nudged":
      return { loop: { ...loop, isNudged: true }, effect: loop.phase === "waiting" ? { type: "wake" } : null };
    case "stop":
      return { loop: { ...loop, isStopping: true }, effect: loop.phase === "waiting" ? { type: "wake" } : null };
    case "due":
      return begin(loop, event.nowMs);
    case "claimed":
      return afterClaim(loop, event);
    case "listed":
      return afterList(loop, event);
    case "probed":
      return afterProbe(loop, event.isRelayReachable);
    case "sent":
      return endPass(event.isClaimLost ? { ...loop, claim: null } : loop, event.isComplete);
    case "failed":
      return endPass(loop, false);
  }
}

/** Only the one process of a database file takes the claim from whoever had it, when it begins. */
export function isClaimForced({ claim }: DrainLoop, isAlone: boolean): boolean {
  return isAlone && claim === null;
}

function begin(loop: DrainLoop, nowMs: number): DrainStep {
  if (loop.isStopping) return { loop: { ...loop, phase: "ended" }, effect: { type: "end" } };
  const fresh = { ...loop, isNudged: false, pending: 0 };
  // A clock that jumped says nothing about how long the claim lasts.
  const isHeld = loop.claim !== null && Math.abs(nowMs - loop.claim.sinceMs) < claimMs / 3;
  return isHeld ? list(fresh) : { loop: { ...fresh, phase: "claiming" }, effect: { type: "claim" } };
}

function list(loop: DrainLoop): DrainStep {
  return { loop: { ...loop, phase: "listing" }, effect: { type: "list" } };
}

function afterClaim(loop: DrainLoop, { claim, nowMs }: Extract<DrainEvent, { type: "claimed" }>): DrainStep {
  if (claim !== null) return list({ ...loop, claim: { held: claim, sinceMs: nowMs } });
  // Another replica sends; whether the relay is there matters here all the same.
  return { loop: { ...loop, claim: null, phase: "probing" }, effect: { type: "probe" } };
}

function afterList(loop: DrainLoop, { pending, isRelayReachable }: Extract<DrainEvent, { type: "listed" }>): DrainStep {
  // With something to send, sending it is the better question.
  if (pending > 0 && isRelayReachable) return send({ ...loop, pending });
  return { loop: { ...loop, pending, phase: "probing" }, effect: { type: "probe" } };
}

function afterProbe(loop: DrainLoop, isRelayReachable: boolean): DrainStep {
  if (!isRelayReachable) return endPass(loop, false);
  return loop.pending > 0 ? send(loop) : endPass(loop, true);
}

function send(loop: DrainLoop): DrainStep {
  if (loop.claim === null) throw new Error("nothing is listed without the claim");
  return { loop: { ...loop, phase: "sending" }, effect: { type: "send", claim: loop.claim.held } };
}

function endPass(loop: DrainLoop, isComplete: boolean): DrainStep {
  const failures = isComplete ? 0 : loop.failures + 1;
  return { loop: { ...loop, phase: "waiting", failures }, effect: { type: "wait", ms: waitMs({ ...loop, failures }) } };
}

/** A relay that does not take it is not asked more often for what is written meanwhile. */
function waitMs({ failures, isNudged, isStopping }: DrainLoop): number {
  if (isStopping) return 0;
  if (failures > 0) return Math.min(backoffMs.most, backoffMs.first * 2 ** (failures - 1));
  return isNudged ? 0 : idleMs;
}
