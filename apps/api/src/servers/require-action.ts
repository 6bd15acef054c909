import type { ActionName } from "@quarterdeck/core/actions/catalogue";
import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import type { Runtime } from "../runtime.ts";
import type { Server } from "./repo.ts";

/** Refuses what the server's bridge has said that it cannot do, with what would bring it. */
export function requireAction(
  { release }: Pick<Runtime, "release">,
  { name, capabilities }: Server,
  action: ActionName,
): void {
  if (capabilities === null || capabilities.actions.includes(action)) return;
  throw new QuarterdeckError(
    "COMMAND_UNSUPPORTED",
    `The bridge on ${name} (version ${capabilities.bridgeVersion}) cannot do ${action}. ${whatBrings(release, action)}`,
  );
}

function whatBrings(release: Runtime["release"], action: ActionName): string {
  return release?.manifest.actions.includes(action)
    ? `Version ${release.manifest.version} brings it: update the bridge on the server's page.`
    : "The version that this platform offers does not bring it either, or the owner of the server forbids it.";
}
