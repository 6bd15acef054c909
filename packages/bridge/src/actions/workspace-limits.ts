import { refused, succeeded, type OwnAction } from "./action-context.ts";

/** Brings the limits that every command carries to groups in which runs go on. */
export const workspaceLimits: OwnAction = {
  kind: "own",
  async run(command, { groupLimits }) {
    if (groupLimits === undefined) {
      return refused({
        code: "COMMAND_UNSUPPORTED",
        message: "This bridge limits nothing on this server, so there is nothing to change.",
      });
    }
    await groupLimits.apply(command);
    return succeeded;
  },
};
