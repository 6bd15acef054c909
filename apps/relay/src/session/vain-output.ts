import { limits } from "@quarterdeck/core/protocol/limits";

/** What handling a piece costs beyond its bytes. */
const pieceBytes = 256;

/**
 * Output that a bridge may still send in vain, in bytes (PROTOCOL 7.2). Its credit comes back at once, so credit alone does
 * not bound a bridge that sends what nobody takes. What is taken earns as much again: pieces that were on their way when
 * a viewer paused or left come after every piece that was wanted. In memory only: an idle object may forget it.
 */
export class VainOutput {
  #leftBytes = limits.vainOutputBytes;

  /** The bridge was told what is watched now; what it sent before it hears that was right when it was sent. */
  interestSent(): void {
    this.#earn(limits.outputCreditBytes);
  }

  /** Counts a piece. Returns whether the bridge may go on. */
  admits(piece: { readonly bytes: number; readonly isTaken: boolean }): boolean {
    const cost = piece.bytes + pieceBytes;
    if (piece.isTaken) this.#earn(cost);
    else this.#leftBytes -= cost;
    return this.#leftBytes >= 0;
  }

  #earn(bytes: number): void {
    this.#leftBytes = Math.min(limits.vainOutputBytes, this.#leftBytes + bytes);
  }
}
