import { actions } from "@quarterdeck/core/actions/catalogue";
import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import { failed, refused, succeeded, type OwnAction } from "./action-context.ts";

export const bridgeUpdate: OwnAction = {
  kind: "own",
  async run(command, { updater }, { runId, signal }) {
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
  },
};
