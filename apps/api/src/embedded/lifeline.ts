import { execFileSync } from "node:child_process";
import { closeSync, constants, openSync, rmSync } from "node:fs";

/**
 * A named pipe that this process holds open for writing. Whoever reads it sees its end when this process ends, however it
 * ends: that is how runs, which outlive the bridge, learn that the platform on this machine is gone.
 */
export interface Lifeline {
  readonly path: string;
  cut(): void;
}

export function holdLifeline(path: string): Lifeline {
  rmSync(path, { force: true });
  execFileSync("mkfifo", ["-m", "600", path]);
  const descriptor = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  let isHeld = true;
  return {
    path,
    cut() {
      if (isHeld) closeSync(descriptor);
      isHeld = false;
    },
  };
}
