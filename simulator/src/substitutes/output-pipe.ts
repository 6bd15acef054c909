import { EventEmitter } from "node:events";
import { requireProcess } from "../world/sim-process.ts";

// The module of the bridge that makes pipes for the output of programs, on simulated machines.

/** A pipe between a program and its wrapper. */
export class Pipe extends EventEmitter {
  readonly #owner = requireProcess();
  readonly readDescriptor = this;
  readonly writeDescriptor = this;

  /** What the program writes comes to the wrapper a moment later. */
  write(bytes: Buffer): void {
    this.#owner.after(1, () => this.emit("data", bytes));
  }

  end(): void {
    this.#owner.after(1, () => this.emit("close"));
  }

  destroy(): void {
    this.removeAllListeners("data");
  }
}

export class OutputPipes {
  take(): Pipe {
    return new Pipe();
  }

  refill(): void {
    // Nothing has to be made in advance.
  }
}

export function readPipe(pipe: Pipe): Pipe {
  return pipe;
}

export function handOver(): void {
  // The program writes; this end has nothing to close.
}
