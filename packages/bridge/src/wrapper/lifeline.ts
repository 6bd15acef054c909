import { closeSync, constants, openSync, readSync } from "node:fs";
import { Socket } from "node:net";

/**
 * Watches a named pipe that another process holds open for writing, and calls `onEnd` once when that process is gone.
 *
 * @returns stops watching
 */
export function watchLifeline(path: string, onEnd: (how: string) => void): () => void {
  let descriptor: number;
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") {
      const soon = setImmediate(() => onEnd("it does not exist"));
      return () => clearImmediate(soon);
    }
    throw error;
  }
  if (hasEnded(descriptor)) {
    closeSync(descriptor);
    const soon = setImmediate(() => onEnd("nobody held it"));
    return () => clearImmediate(soon);
  }
  const socket = new Socket({ fd: descriptor, readable: true, writable: false });
  let isDone = false;
  const end = (how: string) => {
    if (!isDone) onEnd(how);
    isDone = true;
  };
  socket
    .on("end", () => end("its holder is gone"))
    .on("error", (error) => end(error.message))
    .resume();
  return () => {
    isDone = true;
    socket.destroy();
  };
}

/** A pipe that nobody held when it was opened reports no end later, so it is asked once. */
function hasEnded(descriptor: number): boolean {
  try {
    return readSync(descriptor, Buffer.alloc(1)) === 0;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EAGAIN") return false;
    throw error;
  }
}
