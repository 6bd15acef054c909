import { closeSync, constants, existsSync, openSync } from "node:fs";
import { Socket } from "node:net";
import { accept, refuse, type Result } from "@quarterdeck/core/errors/result";
import { limits } from "@quarterdeck/core/protocol/limits";
import type { RunDirectory } from "../data-directory.ts";

/** The bridge's end of one run's standard input: what is written here, the program reads, once and in order. */
export class RunInputWriter {
  readonly #onEnd: () => void;
  readonly #socket: Socket;
  #waitingBytes = 0;

  private constructor(onEnd: () => void, socket: Socket) {
    this.#onEnd = onEnd;
    this.#socket = socket;
  }

  /** @param onEnd nothing more comes: everything is written */
  static open(run: RunDirectory, onEnd: () => void): Result<RunInputWriter> {
    if (existsSync(run.inputEnd)) return refuse("ALREADY_ENDED", "The input of this run has ended.");
    if (existsSync(run.unopenedInput)) return refuse("NOT_READY", "The program has not started yet. Try again.");
    if (!existsSync(run.input)) return refuse("NOT_FOUND", "This run takes no input.");
    // Also for reading, so that opening never waits; nothing is read here.
    const descriptor = openSync(run.input, constants.O_RDWR | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    try {
      return accept(new RunInputWriter(onEnd, new Socket({ fd: descriptor, readable: false, writable: true })));
    } catch (error) {
      closeSync(descriptor);
      throw error;
    }
  }

  /** Whether a piece may wait for a program that does not read. */
  hasRoom(bytes: number): boolean {
    return this.#waitingBytes + bytes <= limits.inputInFlightBytes;
  }

  /** Calls back when the program can read the bytes, or with the error. */
  write(bytes: Uint8Array, onWritten: (error: Error | null | undefined) => void): void {
    this.#waitingBytes += bytes.length;
    this.#socket.write(bytes, (error) => {
      this.#waitingBytes -= bytes.length;
      onWritten(error);
    });
  }

  onError(listener: (error: Error) => void): void {
    this.#socket.on("error", listener);
  }

  /** Everything is written: lets the program see the end once it has read it. */
  end(): void {
    // The wrapper still holds the pipe, so what is in it stays until it is read.
    this.#socket.destroy();
    this.#onEnd();
  }

  close(): void {
    this.#socket.destroy();
  }
}
