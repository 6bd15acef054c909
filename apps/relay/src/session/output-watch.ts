import { accept, refuse, type Result } from "@quarterdeck/core/errors/result";
import type { RunId } from "@quarterdeck/core/ids";
import { limits } from "@quarterdeck/core/protocol/limits";

/**
 * One viewer's place in one run's output. `live`: gets what comes. `paused`: too far behind, skipped until it
 * acknowledges. `missing`: the server has no such output (yet). `ended`: got everything.
 */
export interface OutputWatch {
  readonly runId: RunId;
  /** Every byte before this one was sent to the viewer, or was not asked for. */
  readonly sentOffset: number;
  readonly ackedOffset: number;
  readonly state: "live" | "paused" | "missing" | "ended";
}

/** A piece of output by its place; its bytes do not matter here. */
export interface Piece {
  readonly offset: number;
  readonly length: number;
  readonly isEnd: boolean;
}

/** How far behind a viewer may be in one run. */
export interface OutputRoom {
  readonly allowanceBytes: number;
  /** What it was sent in watches that are over, and may not have read. */
  readonly unreadBytes: number;
}

/** A viewer that has not read what it was sent before waits until it has. */
export function startWatch(runId: RunId, fromOffset: number, room: OutputRoom): OutputWatch {
  const state = room.unreadBytes < room.allowanceBytes ? "live" : "paused";
  return { runId, sentOffset: fromOffset, ackedOffset: fromOffset, state };
}

/**
 * Offers a piece to a watch.
 *
 * @returns the watch after the piece was sent, or `undefined` when the viewer does not get it: it has it already, it is
 * too far behind, or bytes before it are missing, which were asked for again and come first
 */
export function offerPiece(watch: OutputWatch, piece: Piece, room: OutputRoom): OutputWatch | undefined {
  if (watch.state !== "live" || piece.offset > watch.sentOffset) return undefined;
  const end = piece.offset + piece.length;
  const isNews = end > watch.sentOffset || (piece.isEnd && end === watch.sentOffset);
  if (!isNews) return undefined;
  const isBehind = end - watch.ackedOffset + room.unreadBytes > room.allowanceBytes;
  return { ...watch, sentOffset: end, state: piece.isEnd ? "ended" : isBehind ? "paused" : "live" };
}

/** Takes a viewer's acknowledgement. */
export function acknowledgeOutput(watch: OutputWatch, offset: number): Result<OutputWatch> {
  if (offset > watch.sentOffset) {
    return refuse("PROTOCOL_VIOLATION", `Byte ${offset} of ${watch.runId} was acknowledged and never sent.`);
  }
  return accept({ ...watch, ackedOffset: Math.max(watch.ackedOffset, offset) });
}

/** Whether a watch that is paused may go on: it is half-way back, or so near that its viewer may not acknowledge again. */
export function isNearAgain({ state, sentOffset, ackedOffset }: OutputWatch, room: OutputRoom): boolean {
  const nearBytes = Math.max(room.allowanceBytes / 2, limits.viewerAckBytes);
  return state === "paused" && sentOffset - ackedOffset + room.unreadBytes <= nearBytes;
}

/**
 * Takes the news that bytes do not exist any more. A hole with an end is skipped; one without means that the server has
 * nothing to give, until the run is dispatched there.
 *
 * @returns the watch after it, or `undefined` when the hole is none of this viewer's business
 */
export function skipGap(
  watch: OutputWatch,
  gap: { readonly fromOffset: number; readonly toOffset: number | null },
): OutputWatch | undefined {
  if (watch.state !== "live" || watch.sentOffset < gap.fromOffset) return undefined;
  if (gap.toOffset === null) return { ...watch, state: "missing" };
  if (gap.toOffset <= watch.sentOffset) return undefined;
  // What was sent before the hole is no more acknowledged than it was.
  return { ...watch, sentOffset: gap.toOffset, ackedOffset: gap.toOffset - (watch.sentOffset - watch.ackedOffset) };
}
