import { execFile } from "node:child_process";
import { findProgram, searchPath } from "./search-path.ts";

interface ToolOptions {
  readonly mayFail?: boolean;
  readonly user?: { readonly uid: number; readonly gid: number };
  readonly timeoutMs?: number;
  /** Where it starts: entered before it becomes the user, who may not be able to get there. */
  readonly directory?: string;
}

interface ToolAnswer {
  readonly isSuccess: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

const defaultTimeoutMs = 60_000;

/** The machine's own tool of this name, wherever the system keeps it; `undefined` where it is not installed. */
export function findTool(name: string): string | undefined {
  return findProgram(name, searchPath(undefined));
}

/**
 * Runs one of the system's own tools, never through a shell.
 *
 * @throws when it is not installed, and when it fails, unless it may
 */
export function runTool(name: string, args: readonly string[], options: ToolOptions = {}): Promise<ToolAnswer> {
  const { mayFail = false, user, timeoutMs = defaultTimeoutMs, directory = "/" } = options;
  const program = findTool(name);
  if (program === undefined) return Promise.reject(new Error(`${name} is not installed`));
  return new Promise((resolve, reject) => {
    const environment = { PATH: searchPath(undefined).join(":"), LC_ALL: "C" };
    execFile(
      program,
      [...args],
      { cwd: directory, env: environment, timeout: timeoutMs, ...user },
      (error, stdout, stderr) => {
        if (error && !mayFail)
          reject(new Error(`${name} ${args.join(" ")}: ${stderr.trim() || error.message}`.slice(0, 500)));
        else resolve({ isSuccess: error === null, stdout, stderr });
      },
    );
  });
}
