import { accept, refuse, type Result } from "@quarterdeck/core/errors/result";
import { limits } from "@quarterdeck/core/protocol/limits";

/** Where the commands stream of a session stands (PROTOCOL: numbers count per session, from 1). */
export interface StreamPosition {
  readonly assigned: number;
  readonly acknowledged: number;
}

/** Whether an acknowledgement is possible. One that is behind what is known changes nothing. */
export function checkAcknowledgement(position: StreamPosition, through: number): Result<void> {
  if (through <= position.assigned) return accept(undefined);
  return refuse(
    "PROTOCOL_VIOLATION",
    `The acknowledgement names command ${through}; only ${position.assigned} were sent.`,
  );
}

/** How many further commands may be put on the way. */
export function freeWindow(position: StreamPosition): number {
  return Math.max(0, limits.commandsInFlight - (position.assigned - position.acknowledged));
}

/** The newest command that may be sent now. */
export function sendableThrough(position: StreamPosition): number {
  return Math.min(position.assigned, position.acknowledged + limits.commandsInFlight);
}

/** How the stream goes on after a hello. */
export type Resumption =
  /** The bridge has everything up to `acknowledged`; what comes after is sent again. */
  | { readonly kind: "continue"; readonly acknowledged: number }
  /**
   * The bridge lost commands that it had acknowledged: those after `lostAfter` are gone. What was not acknowledged is
   * numbered again from `restartAt + 1`.
   */
  | { readonly kind: "restart"; readonly lostAfter: number; readonly restartAt: number };

/** Compares what the bridge says it has journaled with what it acknowledged before. */
export function resumeCommands(
  position: StreamPosition,
  hello: { readonly isSameSession: boolean; readonly received: number },
): Resumption {
  // More than was ever sent, in the same session: this storage is older than the bridge's journal. Its numbers are the
  // ones that nobody used yet.
  if (!hello.isSameSession || hello.received > position.assigned) {
    return { kind: "restart", lostAfter: hello.isSameSession ? position.acknowledged : 0, restartAt: hello.received };
  }
  if (hello.received < position.acknowledged) {
    return { kind: "restart", lostAfter: hello.received, restartAt: hello.received };
  }
  return { kind: "continue", acknowledged: hello.received };
}

const frameOverheadBytes = 64;
const encoder = new TextEncoder();

/** Splits items into groups that each fit a frame, by number and by the bytes of their JSON. */
export function splitIntoFrames<T>(items: readonly T[], maxCount: number): T[][] {
  const frames: T[][] = [];
  let frame: T[] = [];
  let bytes = frameOverheadBytes;
  for (const item of items) {
    const size = encoder.encode(JSON.stringify(item)).length + 1;
    if (frame.length > 0 && (frame.length === maxCount || bytes + size > limits.frameBytes)) {
      frames.push(frame);
      frame = [];
      bytes = frameOverheadBytes;
    }
    frame.push(item);
    bytes += size;
  }
  if (frame.length > 0) frames.push(frame);
  return frames;
}
