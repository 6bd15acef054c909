import type { Keys } from "../../../apps/api/src/keys/keys.ts";
import type { ShippedApi } from "./shipped-api.ts";

export interface PlatformKeys {
  readonly keys: Keys;
  readonly relay: { readonly privateKey: string; readonly certificate: string };
}

/** The platform's keys, made once for all scenarios. */
export async function makePlatformKeys(shipped: ShippedApi): Promise<PlatformKeys> {
  const own = await shipped.generateSigningKey();
  const privateKey = await shipped.importSigningKey(own.privateKeyPkcs8);
  const relay = await shipped.generateSigningKey();
  const farMs = Date.UTC(2100, 0, 1);
  const certificate = await shipped.signText(
    privateKey,
    "relayCertificate",
    JSON.stringify({ relayKey: relay.publicKey, expiresAtMs: farMs }),
  );
  return {
    keys: {
      platform: {
        publicKey: own.publicKey,
        fingerprint: await shipped.keyFingerprint(own.publicKey),
        sign: (domain, text) => shipped.signText(privateKey, domain, text),
      },
      serviceKey: "simulated-service-key-0123456789-0123456789",
    },
    relay: { privateKey: relay.privateKeyPkcs8, certificate: JSON.stringify(certificate) },
  };
}
