import type { Refusal } from "@quarterdeck/core/errors/result";
import type { Capabilities } from "@quarterdeck/core/protocol/capabilities";

/** Why a command of this action must not go to this bridge, or null when it may (PROTOCOL 1.5). */
export function unsupportedAction(
  capabilities: Pick<Capabilities, "actions" | "bridgeVersion"> | null,
  action: string,
): Refusal | null {
  if (capabilities === null || capabilities.actions.includes(action)) return null;
  return {
    code: "COMMAND_UNSUPPORTED",
    message: `The bridge on this server, version ${capabilities.bridgeVersion}, cannot do ${action.slice(0, 64)}. Nothing has happened. Update the bridge, then submit it again.`,
  };
}

/** Whether what one bridge could do may not be what the next one can. */
export function haveActionsChanged(
  before: Pick<Capabilities, "actions"> | null,
  after: Pick<Capabilities, "actions">,
): boolean {
  return before === null || before.actions.some((action) => !after.actions.includes(action));
}
