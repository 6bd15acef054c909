import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import { hasFeature } from "@quarterdeck/core/protocol/features";
import type { Runtime } from "../runtime.ts";
import type { Server } from "./repo.ts";
import { whatBrings } from "./what-brings.ts";

/** Refuses typing into runs on a server whose bridge has said that it does not know how (PROTOCOL 1.4). */
export function requireSealedInput({ release }: Pick<Runtime, "release">, { capabilities, name }: Server): void {
  if (capabilities === null || hasFeature(capabilities, "sealedInput")) return;
  const help =
    whatBrings(release, capabilities, { kind: "features", name: "sealedInput" }) ??
    "The version that this platform offers does not bring it either.";
  throw new QuarterdeckError(
    "COMMAND_UNSUPPORTED",
    `The bridge on ${name} (version ${capabilities.bridgeVersion}) takes no input that is typed into a run. ${help}`,
  );
}
