import { execFileSync } from "node:child_process";
import { closeSync, constants, openSync, rmSync } from "node:fs";
import { Socket } from "node:net";
import { join } from "node:path";

/**
 * A pipe for both outputs of a program, so that what it writes keeps its order. Node makes no plain pipes, so a named one is
 * made and its name removed.
 */
export interface OutputPipe {
  readonly reader: Socket;
  readonly writeDescriptor: number;
}

export function makeOutputPipe(directory: string): OutputPipe {
  const path = join(directory, `.pipe-${process.pid}`);
  rmSync(path, { force: true });
  execFileSync("mkfifo", ["-m", "600", path], { env: { PATH: "/usr/local/bin:/usr/bin:/bin" } });
  try {
    const readDescriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const writeDescriptor = openSync(path, constants.O_WRONLY);
    return { reader: new Socket({ fd: readDescriptor, readable: true, writable: false }), writeDescriptor };
  } finally {
    rmSync(path, { force: true });
  }
}

/** From now on only the program can write: the pipe ends when its last process does. */
export function handOver(pipe: OutputPipe): void {
  closeSync(pipe.writeDescriptor);
}
