import { actions } from "@quarterdeck/core/actions/catalogue";
import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import type { Command } from "@quarterdeck/core/protocol/command";
import type { Updater } from "../update/updater.ts";
import { failed, refused, succeeded, type Completion, type OwnRun } from "./action-context.ts";

/** The one action that works on the bridge itself. */
export async function updateBridge(
  command: Command,
  updater: Updater | null,
  { runId, signal }: Pick<OwnRun, "runId" | "signal">,
): Promise<Completion> {
  if (updater === null) {
    return refused({
      code: "COMMAND_UNSUPPORTED",
      message:
        "This bridge was not started by its launcher, so it cannot replace itself. Install the newer one by hand.",
    });
  }
  const params = actions["bridge.update"].params.parse(command.params);
  try {
    const outcome = await updater.update(params, { runId, signal });
    if (outcome.kind === "done") return succeeded;
    const back = `Version ${params.version} did not work on this server, and the version before it runs again.`;
    return failed("UPDATE_FAILED", `${back} ${outcome.reason}`);
  } catch (error) {
    if (error instanceof QuarterdeckError) return failed(error.code, error.message);
    throw error;
  }
}
