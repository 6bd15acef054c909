import { fromBase64, fromBase64Url, toBase64 } from "../base64.ts";
import { accept, refuse, type Result } from "../errors/result.ts";
import { epochBytes, nonceBytes, sealedOverheadBytes } from "./content-format.ts";
import type { RunKey } from "./run-key.ts";

/** The additional data of sealed bytes: what they are, under which epoch, and how long the clear bytes. */
export type Binding = (sealed: { readonly epoch: number; readonly length: number }) => string;

/**
 * Seals bytes with a run's key: the epoch, the nonce, and AES-256-GCM (PROTOCOL 10.5).
 *
 * @param nonce 12 random bytes, never used twice with one key
 * @returns base64
 */
export async function sealBytes(
  clear: Uint8Array<ArrayBuffer>,
  binding: Binding,
  { key, nonce }: { readonly key: RunKey; readonly nonce: Uint8Array<ArrayBuffer> },
): Promise<string> {
  const { epoch } = key;
  const imported = await importKey(key);
  const settings = aesSettings(binding({ epoch, length: clear.length }), nonce);
  const body = new Uint8Array(await crypto.subtle.encrypt(settings, imported, clear));
  const sealed = new Uint8Array(epochBytes + nonceBytes + body.length);
  new DataView(sealed.buffer).setUint32(0, epoch);
  sealed.set(nonce, epochBytes);
  sealed.set(body, epochBytes + nonceBytes);
  return toBase64(sealed);
}

/**
 * Opens sealed bytes with that of the keys whose epoch they name.
 *
 * @returns the clear bytes, or `CONTENT_UNREADABLE`: no such key, or not what was sealed with this binding
 */
export async function openBytes(
  sealed: string,
  binding: Binding,
  keys: readonly RunKey[],
): Promise<Result<Uint8Array<ArrayBuffer>>> {
  const bytes = decode(sealed);
  if (bytes === undefined) return refuse("CONTENT_UNREADABLE", "It is not sealed content.");
  const epoch = new DataView(bytes.buffer).getUint32(0);
  const key = keys.find((one) => one.epoch === epoch);
  if (key === undefined)
    return refuse("CONTENT_UNREADABLE", `It was sealed with key ${epoch}, which you were not given.`);
  const nonce = bytes.subarray(epochBytes, epochBytes + nonceBytes);
  try {
    const settings = aesSettings(binding({ epoch, length: bytes.length - sealedOverheadBytes }), nonce);
    const imported = await importKey(key);
    const body = bytes.subarray(epochBytes + nonceBytes);
    return accept(new Uint8Array(await crypto.subtle.decrypt(settings, imported, body)));
  } catch {
    // What fails to authenticate says nothing more, on purpose.
    return refuse("CONTENT_UNREADABLE", "It was changed on its way, or belongs somewhere else.");
  }
}

/** The epoch of the key that bytes were sealed with; `undefined` when they are not sealed. */
export function sealedEpoch(sealed: string): number | undefined {
  const bytes = decode(sealed);
  return bytes && new DataView(bytes.buffer).getUint32(0);
}

function decode(sealed: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    const bytes = fromBase64(sealed);
    return bytes.length >= sealedOverheadBytes ? bytes : undefined;
  } catch {
    return undefined; // Not base64: the caller says that it is not sealed.
  }
}

/** Importing a key takes about as long as opening a small piece with it. */
const importedKeys = new WeakMap<RunKey, Promise<CryptoKey>>();

function importKey(key: RunKey): Promise<CryptoKey> {
  const known = importedKeys.get(key);
  if (known) return known;
  const imported = crypto.subtle.importKey("raw", fromBase64Url(key.key), "AES-GCM", false, ["encrypt", "decrypt"]);
  importedKeys.set(key, imported);
  return imported;
}

function aesSettings(binding: string, nonce: Uint8Array<ArrayBuffer>): AesGcmParams {
  return {
    name: "AES-GCM",
    iv: nonce,
    additionalData: new Uint8Array(new TextEncoder().encode(binding)),
    tagLength: 128,
  };
}
