import { closeSync, constants, existsSync, openSync, renameSync, watch } from "node:fs";
import type { RunDirectory } from "../data-directory.ts";

/** A program's standard input while it runs. */
export interface RunInputPipe {
  readonly readDescriptor: number;
  /** The program has it: its own end is closed here. */
  handOver(): void;
  close(): void;
}

/**
 * Opens the named pipe that the bridge writes to, and holds it open for writing too: the bridge may go away and come back
 * without the program seeing an end of its input. The end is a file beside it. From its new name on the bridge may write.
 */
export function openRunInput(run: RunDirectory): RunInputPipe {
  const held = openSync(run.unopenedInput, constants.O_RDWR);
  const readDescriptor = openSync(run.unopenedInput, constants.O_RDONLY);
  let isHeld = true;
  const release = () => {
    if (!isHeld) return;
    isHeld = false;
    watcher.close();
    closeSync(held);
  };
  const watcher = watch(run.path, () => {
    if (existsSync(run.inputEnd)) release();
  });
  watcher.on("error", release);
  renameSync(run.unopenedInput, run.input);
  return { readDescriptor, handOver: () => closeSync(readDescriptor), close: release };
}
