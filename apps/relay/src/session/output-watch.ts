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

export function startWatch(runId: RunId, fromOffset: number): OutputWatch {
  return { runId, sentOffset: fromOffset, ackedOffset: fromOffset, state: "live" };
}

/**
 * Offers a piece to a watch.
 *
 * @param allowanceBytes how far behind the viewer may be
 * @returns the watch after the piece was sent, or `undefined` when the viewer does not get it: it has it already, it is
 * too far behind, or bytes before it are missing, which were asked for again and come first
 */
export function offerPiece(watch: OutputWatch, piece: Piece, allowanceBytes: number): OutputWatch | undefined {
  if (watch.state !== "live" || piece.offset > watch.sentOffset) return undefined;
  const end = piece.offset + piece.length;
  const isNews = end > watch.sentOffset || (piece.isEnd && end === watch.sentOffset);
  if (!isNews) return undefined;
  const isBehind = end - watch.ackedOffset > allowanceBytes;
  return { ...watch, sentOffset: end, state: piece.isEnd ? "ended" : isBehind ? "paused" : "live" };
}

/**
 * Takes a viewer's acknowledgement. A watch that was paused is live again when the viewer is half-way back, or so near that
 * it may not acknowledge again.
 */
export function acknowledgeOutput(watch: OutputWatch, offset: number, allowanceBytes: number): Result<OutputWatch> {
  if (offset > watch.sentOffset) {
    return refuse("PROTOCOL_VIOLATION", `Byte ${offset} of ${watch.runId} was acknowledged and never sent.`);
  }
  const ackedOffset = Math.max(watch.ackedOffset, offset);
  const nearBytes = Math.max(allowanceBytes / 2, limits.viewerAckBytes);
  const isBack = watch.state === "paused" && watch.sentOffset - ackedOffset <= nearBytes;
  return accept({ ...watch, ackedOffset, state: isBack ? "live" : watch.state });
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
  return { ...watch, sentOffset: gap.toOffset, ackedOffset: Math.max(watch.ackedOffset, gap.toOffset) };
}
