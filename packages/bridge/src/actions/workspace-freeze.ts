import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import { failed, succeeded, type OwnAction } from "./action-context.ts";

/** Halts every process of a workspace where it stands; memory and files stay as they are. Nothing new starts in it until it is thawed. */
export const workspaceFreeze: OwnAction = {
  kind: "own",
  async run({ workspaceId }, { frozen }) {
    try {
      await frozen.freeze(workspaceId);
      return succeeded;
    } catch (error) {
      if (error instanceof QuarterdeckError) throw error;
      // Half of it frozen is neither: what waits for the other half would wait for ever.
      await frozen.thaw(workspaceId);
      const reason = error instanceof Error ? error.message : String(error);
      return failed("NOT_READY", `The workspace could not be frozen and goes on: ${reason.slice(0, 300)}. Try again.`);
    }
  },
};

/** Lets them go on. A workspace that is not frozen is left as it is. */
export const workspaceThaw: OwnAction = {
  kind: "own",
  async run({ workspaceId }, { frozen }) {
    await frozen.thaw(workspaceId);
    return succeeded;
  },
};
