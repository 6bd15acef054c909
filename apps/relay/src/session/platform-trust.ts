import { trustedKeys, type KeySet } from "@quarterdeck/core/protocol/key-set";
import { relayCertificateSchema, type RelayCertificate } from "@quarterdeck/core/protocol/handshake";
import { openSigned, type SignedText } from "@quarterdeck/core/protocol/signing";

/** What an object knows of the platform's keys, and the platform's word for the relay's own (PROTOCOL 14). */
export interface PlatformTrust {
  readonly keys: KeySet;
  /** For bridges that know less, oldest first. */
  readonly statements: readonly SignedText[];
  readonly relayCertificate: SignedText;
}

/** What the relay was deployed with, and what the API has said since: the newer of both counts. */
export function newestTrust(
  deployed: { readonly platformKeys: KeySet; readonly relayCertificate: SignedText },
  told: PlatformTrust | undefined,
): PlatformTrust {
  if (!told) return { keys: deployed.platformKeys, statements: [], relayCertificate: deployed.relayCertificate };
  const isNewer = lastsLonger(told.relayCertificate, deployed.relayCertificate);
  return {
    keys: told.keys.version >= deployed.platformKeys.version ? told.keys : deployed.platformKeys,
    statements: told.statements,
    relayCertificate: isNewer ? told.relayCertificate : deployed.relayCertificate,
  };
}

/** Whether a certificate may be shown to bridges: a key that they trust vouches in it for the key that the relay has. */
export async function isUsableCertificate(
  certificate: SignedText,
  { keys, relayKey }: { readonly keys: KeySet; readonly relayKey: string },
): Promise<boolean> {
  const opened = await openSigned(certificate, {
    keys: trustedKeys(keys),
    domain: "relayCertificate",
    schema: relayCertificateSchema,
  });
  return opened.ok && opened.value.relayKey === relayKey;
}

/** What a certificate of our own says. It was verified when it came. */
export function readCertificate(certificate: SignedText): RelayCertificate {
  return relayCertificateSchema.parse(JSON.parse(certificate.signed));
}

/** Whether a certificate ends no earlier than another one. */
export function lastsLonger(certificate: SignedText, other: SignedText): boolean {
  return readCertificate(certificate).expiresAtMs >= readCertificate(other).expiresAtMs;
}
