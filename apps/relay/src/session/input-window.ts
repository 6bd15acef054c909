import type { RunId } from "@quarterdeck/core/ids";
import { limits } from "@quarterdeck/core/protocol/limits";
import type { InputState, RunInput } from "@quarterdeck/core/protocol/run-input";

interface Piece {
  readonly runId: RunId;
  readonly writer: string;
  readonly seq: number;
  readonly length: number;
}

/**
 * What one viewer typed and the bridge has not answered (PROTOCOL 13.3). In memory only: an object that was idle long enough to
 * be evicted forgets it, and the viewer may type on.
 */
export class InputWindow {
  #pieces: readonly Piece[] = [];

  /** Counts a piece. Returns whether it may go on its way. */
  admits({ runId, writer, seq, data }: RunInput): boolean {
    const waiting = this.#pieces.reduce((sum, { length }) => sum + length, 0);
    const isFull = this.#pieces.length >= limits.inputInFlight || waiting + data.length > limits.inputInFlightBytes;
    if (isFull) return false;
    this.#pieces = [...this.#pieces, { runId, writer, seq, length: data.length }];
    return true;
  }

  /** The bridge said where a writer stands; a refusal ends what is on the way. Returns whether anything was. */
  answered({ runId, writer, through, code }: InputState): boolean {
    const left = this.#pieces.filter(
      (piece) => piece.runId !== runId || piece.writer !== writer || (code === null && piece.seq > through),
    );
    const isNews = left.length < this.#pieces.length;
    this.#pieces = left;
    return isNews;
  }

  /** The bridge's connection is gone, and the answers with it. */
  clear(): void {
    this.#pieces = [];
  }
}
