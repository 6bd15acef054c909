import type { Capabilities } from "./capabilities.ts";

/**
 * What this version of the bridge can do beyond its actions and the first protocol. Nothing of it is sent to a bridge that
 * does not name it (PROTOCOL 1.4).
 */
export const bridgeFeatures = [
  "drain",
  "sealedInput",
  "auditHeads",
  "limitEvidence",
  "localPolicy",
  "leases",
  "ioLimits",
] as const;
export type BridgeFeature = (typeof bridgeFeatures)[number];

export interface Abilities {
  readonly actions: readonly string[];
  readonly features: readonly string[];
}

export function hasFeature(capabilities: Pick<Capabilities, "features"> | null, feature: BridgeFeature): boolean {
  return capabilities?.features?.includes(feature) ?? false;
}

/** What the offered version can do and this bridge cannot: what an update would bring. */
export function missingAbilities(bridge: Pick<Capabilities, "actions" | "features">, offered: Abilities): Abilities {
  const features = bridge.features ?? [];
  return {
    actions: offered.actions.filter((action) => !bridge.actions.includes(action)),
    features: offered.features.filter((feature) => !features.includes(feature)),
  };
}
