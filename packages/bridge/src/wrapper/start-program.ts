import { spawn, type ChildProcess, type StdioOptions } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { errorCode } from "../drivers/group-files.ts";
import { GroupUnavailable, inGroup } from "./enter-group.ts";
import type { RunRequest } from "./run-requests.ts";
import type { WrapperSpec } from "./wrapper-spec.ts";

/** What is on the disk about a run, and what came through the pipe only. */
export type RunSpec = WrapperSpec & Pick<RunRequest, "secretInput">;

interface ProgramStreams {
  /** A descriptor, or how Node is to make it. */
  readonly input: number | "ignore" | "pipe";
  readonly output: number;
}

/** Starts the program of a run in its group, as its user. Nothing was started when it throws. */
export function startProgram(spec: RunSpec, { input, output }: ProgramStreams): ChildProcess {
  const files: number[] = [];
  try {
    for (const path of spec.files ?? []) files.push(openSync(path, "r"));
    const stdio: StdioOptions = [input, output, output, ...files];
    return inGroup(spec.group, () =>
      spawn(spec.program, spec.args, {
        cwd: spec.directory,
        env: { ...spec.secretInput.environment, ...spec.environment },
        detached: true, // a session and process group of its own
        stdio,
        ...spec.user,
      }),
    );
  } finally {
    for (const descriptor of files) closeSync(descriptor);
  }
}

/** What to tell people about a program that did not start. */
export function explainStart(error: Error): { code: string; message: string } {
  if (error instanceof GroupUnavailable)
    return {
      code: "LIMITS_UNAVAILABLE",
      message: `The program was not started, because the server could not put it under its limits (${error.message}). Start it again; if that does not help, run quarterdeck-bridge doctor on the server.`,
    };
  if (errorCode(error) === "EAGAIN")
    return {
      code: "TASKS_LIMIT",
      message:
        "The program could not be started, because its project has as many processes as it may. Wait until others have ended, or raise the limit of tasks.",
    };
  return { code: "START_FAILED", message: `The program could not be started: ${error.message}` };
}
