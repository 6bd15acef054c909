import { spawn } from "node:child_process";
import { join } from "node:path";
import type { SmallDisk } from "./small-disk.ts";

const cli = join(import.meta.dirname, "../src/cli.ts");

export interface CliEnd {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the bridge's command line to its end. */
export function runCli(
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
  disk?: SmallDisk,
): Promise<CliEnd> {
  return new Promise((resolve) => {
    const [command = "", ...rest] = [...(disk?.enter ?? []), process.execPath, cli, ...args];
    const child = spawn(command, rest, {
      env: { PATH: process.env["PATH"], ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (data: Buffer) => (stdout += data.toString()));
    child.stderr.on("data", (data: Buffer) => (stderr += data.toString()));
    child.once("close", (exitCode) => resolve({ exitCode, stdout, stderr }));
  });
}
