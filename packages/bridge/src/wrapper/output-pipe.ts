import { execFileSync } from "node:child_process";
import { closeSync, constants, openSync, rmSync } from "node:fs";
import { Socket } from "node:net";
import { join } from "node:path";

/**
 * A pipe for both outputs of a program, so that what it writes keeps its order. Node makes no plain pipes, so a named one is
 * made and its name removed.
 */
export interface OutputPipe {
  readonly readDescriptor: number;
  readonly writeDescriptor: number;
}

/** Starting the program that makes them costs more than the pipes do. */
const madeAtOnce = 8;

/** Pipes in reserve. Each is used once: what one run left behind can never write into the output of the next. */
export class OutputPipes {
  readonly #directory: string;
  #ready: OutputPipe[] = [];

  constructor(directory: string) {
    this.#directory = directory;
  }

  take(): OutputPipe {
    this.refill();
    const pipe = this.#ready.pop();
    if (!pipe) throw new Error("no pipe was made");
    return pipe;
  }

  /** Makes sure that the next one is there. */
  refill(): void {
    if (this.#ready.length === 0) this.#ready = makeOutputPipes(this.#directory, madeAtOnce);
  }
}

function makeOutputPipes(directory: string, count: number): OutputPipe[] {
  const paths = Array.from({ length: count }, (_, index) => join(directory, `.pipe-${process.pid}-${index}`));
  for (const path of paths) rmSync(path, { force: true });
  // A run has a user of its own, who opens its outputs again as /dev/stdout. The folder keeps everybody else away.
  execFileSync("mkfifo", ["-m", "622", ...paths], { env: { PATH: "/usr/local/bin:/usr/bin:/bin" } });
  try {
    return paths.map((path) => {
      const readDescriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
      return { readDescriptor, writeDescriptor: openSync(path, constants.O_WRONLY) };
    });
  } finally {
    for (const path of paths) rmSync(path, { force: true });
  }
}

export function readPipe({ readDescriptor }: OutputPipe): Socket {
  return new Socket({ fd: readDescriptor, readable: true, writable: false });
}

/** From now on only the program can write: the pipe ends when its last process does. */
export function handOver({ writeDescriptor }: OutputPipe): void {
  closeSync(writeDescriptor);
}
