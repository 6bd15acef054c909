import * as z from "zod";
import { fromBase64, fromBase64Url, toBase64, toBase64Url } from "../base64.ts";
import { accept, refuse, type Result } from "../errors/result.ts";
import type { RunId } from "../ids.ts";
import {
  contentBinding,
  contentKeyBytes,
  contentKeyInfo,
  epochBytes,
  nonceBytes,
  sealedOverheadBytes,
  type ContentPlace,
} from "./content-format.ts";

const key = z.string().regex(/^[A-Za-z0-9_-]{43}$/, "must be 32 bytes in base64url");
const epoch = z
  .int()
  .min(1)
  .max(2 ** 32 - 1);

/** What the content of a project (or of a workspace's own runs) is sealed with, from one epoch on (PROTOCOL 10.3). */
export const streamKeySchema = z.strictObject({ epoch, key });
export type StreamKey = z.infer<typeof streamKeySchema>;

/** What the content of one run is sealed with: derived from a stream key, so it opens no other run (PROTOCOL 10.4). */
export const contentKeySchema = z.strictObject({ epoch, key });
export type ContentKey = z.infer<typeof contentKeySchema>;

const encoder = new TextEncoder();

/** Derives the key of a run's content. */
export async function deriveContentKey({ epoch: of, key: stream }: StreamKey, runId: RunId): Promise<ContentKey> {
  const secret = await crypto.subtle.importKey("raw", fromBase64Url(stream), "HKDF", false, ["deriveBits"]);
  const info = new Uint8Array(encoder.encode(contentKeyInfo(runId)));
  const settings = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info };
  const derived = new Uint8Array(await crypto.subtle.deriveBits(settings, secret, contentKeyBytes * 8));
  return { epoch: of, key: toBase64Url(derived) };
}

/** The place of sealed content, and the run that it is of. */
export interface ContentAddress {
  readonly runId: RunId;
  readonly place: ContentPlace;
}

/**
 * Seals a piece of a run's content (PROTOCOL 10.5).
 *
 * @param nonce 12 random bytes, never used twice with one key
 * @returns sealed content in base64
 */
export async function sealContent(
  clear: Uint8Array<ArrayBuffer>,
  { runId, place }: ContentAddress,
  { contentKey, nonce }: { readonly contentKey: ContentKey; readonly nonce: Uint8Array<ArrayBuffer> },
): Promise<string> {
  const { epoch: keyEpoch } = contentKey;
  const imported = await importKey(contentKey);
  const settings = aesSettings({ runId, place, epoch: keyEpoch, length: clear.length }, nonce);
  const body = new Uint8Array(await crypto.subtle.encrypt(settings, imported, clear));
  const sealed = new Uint8Array(epochBytes + nonceBytes + body.length);
  new DataView(sealed.buffer).setUint32(0, keyEpoch);
  sealed.set(nonce, epochBytes);
  sealed.set(body, epochBytes + nonceBytes);
  return toBase64(sealed);
}

/**
 * Opens a piece of a run's content with that of the keys whose epoch it names.
 *
 * @returns the clear bytes, or `CONTENT_UNREADABLE`: no such key, or not what was sealed for this place
 */
export async function openContent(
  sealed: string,
  { runId, place }: ContentAddress,
  keys: readonly ContentKey[],
): Promise<Result<Uint8Array<ArrayBuffer>>> {
  const bytes = decode(sealed);
  if (bytes === undefined) return refuse("CONTENT_UNREADABLE", "It is not sealed content.");
  const keyEpoch = new DataView(bytes.buffer).getUint32(0);
  const contentKey = keys.find((one) => one.epoch === keyEpoch);
  if (contentKey === undefined)
    return refuse("CONTENT_UNREADABLE", `It was sealed with key ${keyEpoch}, which you were not given.`);
  const nonce = bytes.subarray(epochBytes, epochBytes + nonceBytes);
  const length = bytes.length - sealedOverheadBytes;
  try {
    const settings = aesSettings({ runId, place, epoch: keyEpoch, length }, nonce);
    const imported = await importKey(contentKey);
    const body = bytes.subarray(epochBytes + nonceBytes);
    return accept(new Uint8Array(await crypto.subtle.decrypt(settings, imported, body)));
  } catch {
    // What fails to authenticate says nothing more, on purpose.
    return refuse("CONTENT_UNREADABLE", "It was changed on its way, or belongs somewhere else.");
  }
}

/** The epoch of the key that content was sealed with; `undefined` when it is no sealed content. */
export function sealedEpoch(sealed: string): number | undefined {
  const bytes = decode(sealed);
  return bytes && new DataView(bytes.buffer).getUint32(0);
}

function decode(sealed: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    const bytes = fromBase64(sealed);
    return bytes.length >= sealedOverheadBytes ? bytes : undefined;
  } catch {
    return undefined; // Not base64: the caller says that it is no sealed content.
  }
}

/** Importing a key takes about as long as opening a small piece with it. */
const importedKeys = new WeakMap<ContentKey, Promise<CryptoKey>>();

function importKey(contentKey: ContentKey): Promise<CryptoKey> {
  const known = importedKeys.get(contentKey);
  if (known) return known;
  const raw = fromBase64Url(contentKey.key);
  const imported = crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt", "decrypt"]);
  importedKeys.set(contentKey, imported);
  return imported;
}

function aesSettings(piece: Parameters<typeof contentBinding>[0], nonce: Uint8Array<ArrayBuffer>): AesGcmParams {
  const additionalData = new Uint8Array(encoder.encode(contentBinding(piece)));
  return { name: "AES-GCM", iv: nonce, additionalData, tagLength: 128 };
}
