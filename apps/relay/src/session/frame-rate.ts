import type { BridgeToRelay } from "@quarterdeck/core/protocol/bridge-to-relay";
import { clearLength } from "@quarterdeck/core/protocol/content-format";
import { limits } from "@quarterdeck/core/protocol/limits";
import { secondMs } from "@quarterdeck/core/units";

/**
 * Whether nothing else bounds a bridge's frame: acknowledgements and results that bring something new are bounded by the
 * commands that were sent, and output by its credit.
 */
export function isUnpaid(
  frame: Exclude<BridgeToRelay, { type: "hello" }>,
  known: () => { readonly commandsAcknowledged: number; readonly resultsReceived: number },
): boolean {
  if (frame.type === "ack") return frame.through <= known().commandsAcknowledged;
  if (frame.type === "results") return (frame.items.at(-1)?.seq ?? 0) <= known().resultsReceived;
  // Counted when it is known whether it answers anything.
  if (frame.type === "inputState") return false;
  return frame.type !== "output" || clearLength(frame.data) === 0;
}

/** What a connection may still send (PROTOCOL 7.2): a bucket that fills at the average rate up to the burst. */
export interface FrameBucket {
  readonly left: number;
  readonly atMs: number;
}

export function fullBucket(nowMs: number): FrameBucket {
  return { left: limits.controlFramesBurst, atMs: nowMs };
}

/** Takes frames out, or returns `undefined` when the connection sent more than it may. A clock that steps back adds nothing. */
export function takeFrames(bucket: FrameBucket, nowMs: number, count: number): FrameBucket | undefined {
  const earned = (Math.max(0, nowMs - bucket.atMs) / secondMs) * limits.controlFramesPerSecond;
  const left = Math.min(limits.controlFramesBurst, bucket.left + earned) - count;
  return left < 0 ? undefined : { left, atMs: nowMs };
}

/**
 * The buckets of an object's connections. They are in memory only: an object sleeps after ten idle seconds at the
 * earliest, and by then each of them is full.
 */
export class FrameRates {
  readonly #buckets = new WeakMap<object, FrameBucket>();

  /** Counts frames. Returns whether the connection may still send. */
  admits(connection: object, nowMs: number, count = 1): boolean {
    const bucket = takeFrames(this.#buckets.get(connection) ?? fullBucket(nowMs), nowMs, count);
    if (bucket) this.#buckets.set(connection, bucket);
    return bucket !== undefined;
  }
}
