import { mebibyte, minuteMs } from "@quarterdeck/core/units";
import { runCall } from "../drivers/run-call.ts";
import { findProgram } from "../drivers/search-path.ts";
import type { ActionContext, WorkspaceCommand } from "./action-context.ts";
import { runEnvironment } from "./run-environment.ts";
import { readingPlace } from "./sandbox-place.ts";

/** After a crash of the machine, too, there is the whole of what was unpacked or what was there before. */
export async function makeDurable(path: string, command: WorkspaceCommand, context: ActionContext): Promise<void> {
  const sync = findProgram("sync", context.folders);
  if (!sync) throw new Error("sync is not installed on this server (Debian, Ubuntu: apt install coreutils)");
  const call = {
    program: sync,
    args: ["--file-system", path],
    directory: path,
    environment: runEnvironment(command, context),
  };
  const wrapped = context.sandbox.wrap(call, readingPlace(command, context, [path]));
  const { exitCode, errors } = await runCall(wrapped, { timeoutMs: 10 * minuteMs, outputBytes: mebibyte });
  if (exitCode !== 0) throw new Error(`what was unpacked could not be written to the disk: ${errors.slice(0, 300)}`);
}
