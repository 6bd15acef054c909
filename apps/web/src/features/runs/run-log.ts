import { mebibyte } from "@quarterdeck/core/units";
import { LogDocument } from "../log/log-document.ts";

/** Bytes are handed to the browser as a blob, which may go to disk, in portions of this size. */
const portionBytes = 8 * mebibyte;

export type RunLogState = "waiting" | "streaming" | "ended";

/** One run's output on this page: its lines to look at, its bytes to download, and listeners that are told once a frame. */
export class RunLog {
  readonly document = new LogDocument();
  readonly #listeners = new Set<() => void>();
  #parts: BlobPart[] = [];
  #pendingBytes = 0;
  #portions: Blob[] = [];
  #bytes = 0;
  #state: RunLogState = "waiting";
  #hasGap = false;
  #revision = 0;
  #isFrameAsked = false;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Rises with each change that listeners were told of. */
  readonly revision = (): number => this.#revision;

  get state(): RunLogState {
    return this.#state;
  }

  /** Bytes received so far. */
  get bytes(): number {
    return this.#bytes;
  }

  get hasGap(): boolean {
    return this.#hasGap;
  }

  write(bytes: Uint8Array): void {
    if (bytes.length > 0) {
      this.document.write(bytes);
      this.#keep(bytes);
      this.#state = "streaming";
      this.#changed();
    }
  }

  end(): void {
    this.document.end();
    this.#state = "ended";
    this.#changed();
  }

  gap(note: string): void {
    this.document.note(note);
    this.#hasGap = true;
    this.#changed();
  }

  toBlob(): Blob {
    return new Blob([...this.#portions, ...this.#parts], { type: "text/plain;charset=utf-8" });
  }

  #keep(bytes: Uint8Array): void {
    this.#parts.push(bytes.slice());
    this.#bytes += bytes.length;
    this.#pendingBytes += bytes.length;
    if (this.#pendingBytes < portionBytes) return;
    this.#portions.push(new Blob(this.#parts));
    this.#parts = [];
    this.#pendingBytes = 0;
  }

  #changed(): void {
    if (this.#isFrameAsked) return;
    this.#isFrameAsked = true;
    requestAnimationFrame(() => {
      this.#isFrameAsked = false;
      this.#revision += 1;
      for (const listener of this.#listeners) listener();
    });
  }
}
