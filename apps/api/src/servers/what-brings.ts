import type { Capabilities } from "@quarterdeck/core/protocol/capabilities";
import type { Runtime } from "../runtime.ts";

interface Ability {
  readonly kind: "actions" | "features";
  readonly name: string;
}

/** What to do so that a server can do something that it cannot; null where the version that this platform offers does not help. */
export function whatBrings(
  release: Runtime["release"],
  { bridgeVersion }: Pick<Capabilities, "bridgeVersion">,
  { kind, name }: Ability,
): string | null {
  if (release === null || !release.manifest[kind].includes(name)) return null;
  const { version } = release.manifest;
  // An update of the bridge leaves the helper behind, which then does not know it (PROTOCOL 17.1).
  return version === bridgeVersion
    ? "Its helper is older than the bridge: run the installer again on the server, which brings both to one version."
    : `Version ${version} brings it: update the bridge on the server's page.`;
}
