import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import { hasFeature } from "@quarterdeck/core/protocol/features";
import type { Runtime } from "../runtime.ts";
import type { Server } from "./repo.ts";
import { whatBrings } from "./what-brings.ts";

/** Refuses what may not go on without the platform where the bridge has said that it would let it go on (PROTOCOL 1.4). */
export function requireLeases({ release }: Pick<Runtime, "release">, { capabilities, name }: Server): void {
  if (capabilities === null || hasFeature(capabilities, "leases")) return;
  const help =
    whatBrings(release, capabilities, { kind: "features", name: "leases" }) ??
    "The version that this platform offers does not bring it either.";
  throw new QuarterdeckError(
    "COMMAND_UNSUPPORTED",
    `The bridge on ${name} (version ${capabilities.bridgeVersion}) cannot stop a run because the platform is out of reach. ${help}`,
  );
}
