import { spawn } from "node:child_process";
import { join } from "node:path";

export const repositoryRoot = join(import.meta.dirname, "..");

export interface CommandResult {
  readonly exitCode: number;
  readonly output: string;
}

/** Runs a program in the repository's root without a terminal; collects its output, or passes it through. */
export function runCommand(
  [program, ...args]: readonly [string, ...string[]],
  { isShown = false, environment = {} }: { isShown?: boolean; environment?: Record<string, string> } = {},
): Promise<CommandResult> {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: repositoryRoot,
      env: { ...process.env, ...environment },
      stdio: ["ignore", isShown ? "inherit" : "pipe", isShown ? "inherit" : "pipe"],
    });
    let output = "";
    const collect = (chunk: Buffer) => {
      output += chunk.toString();
    };
    child.stdout?.on("data", collect);
    child.stderr?.on("data", collect);
    child.on("error", (error) => resolve({ exitCode: 127, output: `${program}: ${error.message}\n` }));
    child.on("close", (code) => resolve({ exitCode: code ?? 1, output }));
  });
}

export function seconds(startedAtMs: number): string {
  return `${((performance.now() - startedAtMs) / 1000).toFixed(1)} s`;
}
