import type { Keys } from "../../../apps/api/src/keys/keys.ts";
import type { ShippedApi } from "./shipped-api.ts";

/** What the operator of the platform has: where its keys are, and what the relay is deployed with. */
export interface Platform {
  readonly dataDir: string;
  readonly relay: { readonly platformKeys: string; readonly privateKey: string; readonly certificate: string };
  readonly serviceKey: Keys["serviceKey"];
}

/** Makes a platform's keys. */
export async function makePlatform(shipped: ShippedApi, dataDir: string, nowMs: number): Promise<Platform> {
  const keys = await shipped.loadKeys(dataDir);
  const { privateKeyPkcs8, certificate } = await shipped.loadRelayKey(dataDir, keys.platform, nowMs);
  return {
    dataDir,
    serviceKey: keys.serviceKey,
    relay: {
      platformKeys: JSON.stringify(keys.platform.set),
      privateKey: privateKeyPkcs8,
      certificate: JSON.stringify(certificate),
    },
  };
}
