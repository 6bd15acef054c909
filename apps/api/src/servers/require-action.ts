import type { ActionName } from "@quarterdeck/core/actions/catalogue";
import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import type { Runtime } from "../runtime.ts";
import type { Server } from "./repo.ts";
import { whatBrings } from "./what-brings.ts";

/** Refuses what the server's bridge has said that it cannot do, with what would bring it. */
export function requireAction(
  { release }: Pick<Runtime, "release">,
  { name, capabilities }: Server,
  action: ActionName,
): void {
  if (capabilities === null || capabilities.actions.includes(action)) return;
  const help =
    whatBrings(release, capabilities, { kind: "actions", name: action }) ??
    "The version that this platform offers does not bring it either, or the owner of the server forbids it.";
  throw new QuarterdeckError(
    "COMMAND_UNSUPPORTED",
    `The bridge on ${name} (version ${capabilities.bridgeVersion}) cannot do ${action}. ${help}`,
  );
}
