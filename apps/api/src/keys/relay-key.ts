import { generateSigningKey, openSigned, signedTextSchema } from "@quarterdeck/core/protocol/signing";
import type { SignedText } from "@quarterdeck/core/protocol/signing";
import { relayCertificateSchema } from "@quarterdeck/core/protocol/handshake";
import type { RelayCertificate } from "@quarterdeck/core/protocol/handshake";
import { dayMs } from "@quarterdeck/core/units";
import * as z from "zod";
import { keyPath, readOrCreate, replace } from "./key-files.ts";
import { signingKeySchema, type PlatformKeys } from "./platform-keys.ts";

const relayKeySchema = z.strictObject({ ...signingKeySchema.shape, certificate: signedTextSchema.nullable() });
const certificateMs = 365 * dayMs;
const renewBeforeMs = 180 * dayMs;

/** The relay's own key, and the platform's word that it speaks for it. */
export interface RelayKey {
  readonly privateKeyPkcs8: string;
  readonly certificate: SignedText;
}

/** Reads the relay's key, makes it at the first call, and certifies it anew when half of its time or its signer's is over. */
export async function loadRelayKey(dataDir: string, platform: PlatformKeys, nowMs: number): Promise<RelayKey> {
  const path = keyPath(dataDir, "relay");
  const stored = await readOrCreate(path, relayKeySchema, async () => ({
    ...(await generateSigningKey()),
    certificate: null,
  }));
  if (stored.certificate && (await isFresh(stored.certificate, { stored, platform, nowMs }))) {
    return { privateKeyPkcs8: stored.privateKeyPkcs8, certificate: stored.certificate };
  }
  // To the day, so that two who certify at once say the same.
  const todayMs = nowMs - (nowMs % dayMs);
  const body: RelayCertificate = { relayKey: stored.publicKey, expiresAtMs: todayMs + certificateMs };
  const certificate = await platform.sign("relayCertificate", JSON.stringify(body));
  await replace(path, { ...stored, certificate });
  return { privateKeyPkcs8: stored.privateKeyPkcs8, certificate };
}

async function isFresh(
  certificate: SignedText,
  { stored, platform, nowMs }: { stored: { publicKey: string }; platform: PlatformKeys; nowMs: number },
): Promise<boolean> {
  const opened = await openSigned(certificate, {
    keys: [platform.publicKey],
    domain: "relayCertificate",
    schema: relayCertificateSchema,
  });
  return opened.ok && opened.value.relayKey === stored.publicKey && opened.value.expiresAtMs - nowMs > renewBeforeMs;
}
