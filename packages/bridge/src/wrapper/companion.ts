import { spawn } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, rmSync } from "node:fs";
import type { Companion } from "../drivers/program-call.ts";

/** Starts what a run needs beside it. It ends with its standard input, so it cannot outlive this process. @returns ends it */
export function startCompanion({ program, args, directory, user }: Companion): () => void {
  // Others may pass through it, and nothing more: whoever is shown it connects to the socket in it.
  mkdirSync(directory);
  chmodSync(directory, 0o711);
  if (user !== null) chownSync(directory, user.uid, user.gid);
  const child = spawn(program, args, {
    cwd: directory,
    env: {},
    detached: true, // Signals to the run are not for it.
    stdio: ["pipe", "ignore", "ignore"],
  });
  child.once("error", () => undefined); // The run finds no proxy then, and its programs say so.
  child.stdin?.on("error", () => undefined);
  return () => {
    child.stdin?.end();
    child.kill("SIGKILL");
    rmSync(directory, { recursive: true, force: true });
  };
}
