/** Somebody sent a line that is longer than any that is meant. */
export class LineTooLong extends Error {
  override readonly name = "LineTooLong";
}

/** Cuts a stream of bytes into lines, and holds no more than one of the longest. */
export class LineReader {
  readonly #maxBytes: number;
  #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** @returns the lines that are complete now. @throws LineTooLong */
  push(data: Buffer): string[] {
    const lines: string[] = [];
    let rest = data;
    for (let end = rest.indexOf(10); end !== -1; end = rest.indexOf(10)) {
      this.#take(rest.subarray(0, end));
      lines.push(Buffer.concat(this.#chunks).toString("utf8"));
      this.#chunks = [];
      this.#bytes = 0;
      rest = rest.subarray(end + 1);
    }
    this.#take(rest);
    return lines;
  }

  #take(part: Buffer): void {
    this.#bytes += part.length;
    if (this.#bytes > this.#maxBytes) throw new LineTooLong(`a line has more than ${this.#maxBytes} bytes`);
    if (part.length > 0) this.#chunks.push(part);
  }
}
