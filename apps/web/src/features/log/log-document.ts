import { mebibyte } from "@quarterdeck/core/units";
import { plain, styleAfter, type SgrStyle } from "./sgr.ts";

/** One line of output as it came, and the look that it starts with. */
export interface LogLine {
  readonly text: string;
  readonly style: SgrStyle;
  /** Set on lines that Quarterdeck wrote: bytes that are missing. */
  readonly isNote: boolean;
}

/** Past these the oldest lines are let go of, so that an endless log never fills the browser's memory. */
const mostLines = 200_000;
const mostCharacters = 32 * mebibyte;
/** A longer line is shown as several. */
const longestLine = 4000;

/** The lines of a run's output, built from bytes as they arrive: UTF-8 that may be cut anywhere, lines, carriage returns. */
export class LogDocument {
  readonly #decoder = new TextDecoder("utf-8");
  #lines: LogLine[] = [];
  /** The line that has not ended yet. */
  #open = "";
  #style: SgrStyle = plain;
  #characters = 0;
  #droppedLines = 0;
  #endsWithReturn = false;

  /** Lines that are no longer kept. */
  get droppedLines(): number {
    return this.#droppedLines;
  }

  get lineCount(): number {
    return this.#lines.length + (this.#open === "" ? 0 : 1);
  }

  line(index: number): LogLine | undefined {
    if (index < this.#lines.length) return this.#lines[index];
    if (index === this.#lines.length && this.#open !== "")
      return { text: this.#open, style: this.#style, isNote: false };
    return undefined;
  }

  write(bytes: Uint8Array): void {
    this.#append(this.#decoder.decode(bytes, { stream: true }));
  }

  /** No more will come: what is left of a cut character is shown as one. */
  end(): void {
    this.#append(this.#decoder.decode());
    this.#endsWithReturn = false;
  }

  /** Adds a line of our own, for example about bytes that are missing. */
  note(text: string): void {
    this.#append(this.#decoder.decode());
    if (this.#open !== "") this.#endLine();
    this.#push({ text, style: plain, isNote: true });
  }

  #append(text: string): void {
    let from = 0;
    while (from < text.length) {
      const end = nextBreak(text, from);
      this.#extend(text.slice(from, end));
      if (end === text.length) return;
      if (text[end] === "\n") {
        this.#endsWithReturn = false;
        this.#endLine();
      } else this.#endsWithReturn = true;
      from = end + 1;
    }
  }

  /** A carriage return that no newline follows starts the line over, as progress bars do. */
  #extend(text: string): void {
    if (text === "") return;
    if (this.#endsWithReturn) {
      this.#style = styleAfter(this.#open, this.#style);
      this.#open = "";
      this.#endsWithReturn = false;
    }
    this.#open += text;
    while (this.#open.length > longestLine) {
      const rest = this.#open.slice(longestLine);
      this.#open = this.#open.slice(0, longestLine);
      this.#endLine();
      this.#open = rest;
    }
  }

  #endLine(): void {
    const text = this.#open;
    this.#push({ text, style: this.#style, isNote: false });
    this.#style = styleAfter(text, this.#style);
    this.#open = "";
  }

  #push(line: LogLine): void {
    this.#lines.push(line);
    this.#characters += line.text.length + 1;
    if (this.#lines.length > mostLines || this.#characters > mostCharacters) this.#dropOldest();
  }

  /** Lets go of a tenth at once: moving the array for each line would be slow. */
  #dropOldest(): void {
    const count = Math.ceil(this.#lines.length / 10);
    for (const line of this.#lines.slice(0, count)) this.#characters -= line.text.length + 1;
    this.#lines = this.#lines.slice(count);
    this.#droppedLines += count;
  }
}

function nextBreak(text: string, from: number): number {
  for (let i = from; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x0a || code === 0x0d) return i;
  }
  return text.length;
}
