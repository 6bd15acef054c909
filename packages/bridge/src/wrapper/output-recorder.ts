import { closeSync, fstatSync, fsyncSync, openSync, writeSync } from "node:fs";
import { runFileMode } from "../data-directory.ts";
import { isDiskFull } from "../disk/disk-full.ts";

/** Why output is missing that the limit allows: the disk is full, or it failed. */
export type OutputProblem = "full" | "failed";

/**
 * Writes a run's output to its file up to the limit, and counts what it cuts. The run itself goes on, whatever the disk does:
 * once something could not be written nothing more is, so that the file has no hole.
 */
export class OutputRecorder {
  readonly #limitBytes: number;
  #descriptor: number | undefined;
  #recordedBytes = 0;
  #cutBytes = 0;
  #problem: OutputProblem | null = null;
  #isDirty = false;

  constructor(path: string, limitBytes: number) {
    this.#limitBytes = limitBytes;
    this.#attempt(() => {
      this.#descriptor = openSync(path, "a", runFileMode);
      this.#recordedBytes = fstatSync(this.#descriptor).size;
    });
  }

  write(data: Buffer): void {
    const wanted = Math.min(data.length, Math.max(0, this.#limitBytes - this.#recordedBytes));
    let written = 0;
    this.#attempt(() => {
      while (written < wanted && this.#descriptor !== undefined && this.#problem === null) {
        written += writeSync(this.#descriptor, data, written, wanted - written);
        this.#isDirty = true;
      }
    });
    this.#recordedBytes += written;
    this.#cutBytes += data.length - written;
  }

  close(): { outputBytes: number; outputCutBytes: number; problem: OutputProblem | null } {
    const descriptor = this.#descriptor;
    if (descriptor !== undefined) {
      if (this.#isDirty) this.#attempt(() => fsyncSync(descriptor));
      closeSync(descriptor);
    }
    return {
      outputBytes: this.#recordedBytes + this.#cutBytes,
      outputCutBytes: this.#cutBytes,
      problem: this.#problem,
    };
  }

  #attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#problem ??= isDiskFull(error) ? "full" : "failed";
    }
  }
}
