import { closeSync, fstatSync, fsyncSync, openSync, writeSync } from "node:fs";

/** Writes a run's output to its file up to the limit, and counts what it cuts. The run itself goes on. */
export class OutputRecorder {
  readonly #descriptor: number;
  readonly #limitBytes: number;
  #recordedBytes: number;
  #cutBytes = 0;
  #isDiskFull = false;
  #isDirty = false;

  constructor(path: string, limitBytes: number) {
    this.#descriptor = openSync(path, "a", 0o600);
    this.#recordedBytes = fstatSync(this.#descriptor).size;
    this.#limitBytes = limitBytes;
  }

  write(data: Buffer): void {
    const wanted = Math.min(data.length, Math.max(0, this.#limitBytes - this.#recordedBytes));
    let written = 0;
    while (written < wanted && !this.#isDiskFull) {
      try {
        const count = writeSync(this.#descriptor, data, written, wanted - written);
        written += count;
        this.#isDirty = true;
      } catch (error) {
        // What does not fit on the disk is cut, like what does not fit under the limit.
        const isFull =
          error instanceof Error && "code" in error && (error.code === "ENOSPC" || error.code === "EDQUOT");
        if (!isFull) throw error;
        this.#isDiskFull = true;
      }
    }
    this.#recordedBytes += written;
    this.#cutBytes += data.length - written;
  }

  close(): { outputBytes: number; outputCutBytes: number; isDiskFull: boolean } {
    if (this.#isDirty) fsyncSync(this.#descriptor);
    closeSync(this.#descriptor);
    return {
      outputBytes: this.#recordedBytes + this.#cutBytes,
      outputCutBytes: this.#cutBytes,
      isDiskFull: this.#isDiskFull,
    };
  }
}
