import { AEAD_AES_256_GCM, CipherSuite, KDF_HKDF_SHA256, KEM_DHKEM_X25519_HKDF_SHA256 } from "hpke";
import * as z from "zod";
import { fromBase64Url, toBase64Url } from "../base64.ts";
import { sealingKeySchema } from "./signing.ts";

/** HPKE (RFC 9180), base mode. The info says what it is for; the additional data, for which use exactly. */
const suite = new CipherSuite(KEM_DHKEM_X25519_HKDF_SHA256, KDF_HKDF_SHA256, AEAD_AES_256_GCM);
const encapsulatedBytes = 32;
const encoder = new TextEncoder();
const info = encoder.encode("quarterdeck/sealed/v1");

export const storedSealingKeySchema = z.strictObject({ publicKey: sealingKeySchema, privateKey: sealingKeySchema });

/** The X25519 key pair of a bridge, both halves raw and in base64url. */
export type StoredSealingKey = z.infer<typeof storedSealingKeySchema>;

export async function generateSealingKey(): Promise<StoredSealingKey> {
  const pair = await suite.GenerateKeyPair(true);
  return {
    publicKey: toBase64Url(await suite.SerializePublicKey(pair.publicKey)),
    privateKey: toBase64Url(await suite.SerializePrivateKey(pair.privateKey)),
  };
}

/** A key pair ready for use. */
export type SealingKey = Awaited<ReturnType<typeof importSealingKey>>;

/** Throws where it is not one. */
export async function importSealingKey({ publicKey, privateKey }: StoredSealingKey) {
  return {
    publicKey: await suite.DeserializePublicKey(fromBase64Url(publicKey)),
    privateKey: await suite.DeserializePrivateKey(fromBase64Url(privateKey)),
  };
}

/** What is authenticated with a sealed text; no field may hold a line break. */
function additionalData(binding: readonly string[]): Uint8Array {
  return encoder.encode(binding.join("\n"));
}

/**
 * Seals a text for whoever has the private half of `publicKey` (base64url).
 *
 * @returns the encapsulated secret and the ciphertext, in base64url
 */
export async function sealFor(
  publicKey: string,
  { text, binding }: { readonly text: string; readonly binding: readonly string[] },
): Promise<string> {
  const recipient = await suite.DeserializePublicKey(fromBase64Url(publicKey));
  const sealed = await suite.Seal(recipient, encoder.encode(text), { info, aad: additionalData(binding) });
  const bytes = new Uint8Array(encapsulatedBytes + sealed.ciphertext.length);
  bytes.set(sealed.encapsulatedSecret);
  bytes.set(sealed.ciphertext, encapsulatedBytes);
  return toBase64Url(bytes);
}

/** Opens what `sealFor` sealed. Throws when it was sealed for another key or another use, or was changed. */
export async function openFor(
  key: SealingKey,
  { sealed, binding }: { readonly sealed: string; readonly binding: readonly string[] },
): Promise<string> {
  const bytes = fromBase64Url(sealed);
  const options = { info, aad: additionalData(binding) };
  const clear = await suite.Open(key, bytes.subarray(0, encapsulatedBytes), bytes.subarray(encapsulatedBytes), options);
  return new TextDecoder().decode(clear);
}
