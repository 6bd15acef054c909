/** A piece of a run's output: bytes and the offset of the first of them. */
export interface OutputPiece {
  readonly offset: number;
  readonly bytes: Uint8Array;
  readonly isEnd: boolean;
}

/** What a piece brought: new bytes that continue the output, nothing new, or news that bytes before it are missing. */
export type Assembled =
  | { readonly kind: "new"; readonly bytes: Uint8Array; readonly isEnd: boolean }
  | { readonly kind: "known" }
  | { readonly kind: "missing" };

/**
 * Puts one run's output together by byte offsets. Whatever is lost, repeated or reordered on the way, the bytes that
 * come out are exactly the run's bytes, each once and in order.
 */
export class OutputAssembler {
  #nextOffset: number;
  #hasEnded = false;

  constructor(fromOffset: number) {
    this.#nextOffset = fromOffset;
  }

  /** Every byte before this offset has come out. */
  get nextOffset(): number {
    return this.#nextOffset;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  accept(piece: OutputPiece): Assembled {
    if (this.#hasEnded) return { kind: "known" };
    if (piece.offset > this.#nextOffset) return { kind: "missing" };
    const end = piece.offset + piece.bytes.length;
    const isEnd = piece.isEnd && end >= this.#nextOffset;
    if (end <= this.#nextOffset && !isEnd) return { kind: "known" };
    const bytes = piece.bytes.subarray(this.#nextOffset - piece.offset);
    this.#nextOffset = end;
    this.#hasEnded = isEnd;
    return { kind: "new", bytes, isEnd };
  }

  /** Goes on behind bytes that nobody has any more. */
  skipTo(offset: number): void {
    if (offset > this.#nextOffset) this.#nextOffset = offset;
  }

  /** No more bytes will come. */
  end(): void {
    this.#hasEnded = true;
  }
}
