import { rmdirSync, rmSync } from "node:fs";
import { mebibyte, minuteMs } from "@quarterdeck/core/units";
import { runCall } from "../drivers/run-call.ts";
import { findProgram } from "../drivers/search-path.ts";
import type { ActionContext, WorkspaceCommand } from "./action-context.ts";
import { isPlainDirectory } from "./plain-directory.ts";
import { runEnvironment } from "./run-environment.ts";
import { readingPlace } from "./sandbox-place.ts";

/**
 * Removes a directory of a workspace with all that is in it. What belongs to the workspace's own user is removed by that user
 * in the sandbox: on the way down, any directory may turn into a link to somewhere else.
 */
export async function removeTree(path: string, command: WorkspaceCommand, context: ActionContext): Promise<void> {
  if (context.users === null) return rmSync(path, { recursive: true, force: true });
  if (!isPlainDirectory(path)) return rmSync(path, { force: true });
  const find = findProgram("find", context.folders);
  if (!find) throw new Error("find is not installed on this server (Debian, Ubuntu: apt install findutils)");
  const call = {
    program: find,
    args: [path, "-mindepth", "1", "-delete"],
    directory: path,
    environment: runEnvironment(command, context),
  };
  const wrapped = context.sandbox.wrap(call, readingPlace(command, context, [path]));
  const { exitCode, errors } = await runCall(wrapped, { timeoutMs: 10 * minuteMs, outputBytes: mebibyte });
  if (exitCode !== 0) throw new Error(`${path} could not be removed: ${errors.slice(0, 300)}`);
  rmdirSync(path);
}
