import type { Result } from "../errors/result.ts";
import type { RunId } from "../ids.ts";
import { contentBinding, contentKeyInfo, type ContentPlace } from "./content-format.ts";
import { deriveRunKey, runKeySchema, type RunKey, type StreamKey } from "./run-key.ts";
import { openBytes, sealBytes } from "./sealed-bytes.ts";

/** What the content of one run is sealed with: derived from a stream key, so it opens no other run (PROTOCOL 10.4). */
export const contentKeySchema = runKeySchema;
export type ContentKey = RunKey;

/** Derives the key of a run's content. */
export function deriveContentKey(streamKey: StreamKey, runId: RunId): Promise<ContentKey> {
  return deriveRunKey(streamKey, contentKeyInfo(runId));
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
export function sealContent(
  clear: Uint8Array<ArrayBuffer>,
  address: ContentAddress,
  { contentKey, nonce }: { readonly contentKey: ContentKey; readonly nonce: Uint8Array<ArrayBuffer> },
): Promise<string> {
  return sealBytes(clear, (sealed) => contentBinding({ ...address, ...sealed }), { key: contentKey, nonce });
}

/**
 * Opens a piece of a run's content with that of the keys whose epoch it names.
 *
 * @returns the clear bytes, or `CONTENT_UNREADABLE`: no such key, or not what was sealed for this place
 */
export function openContent(
  sealed: string,
  address: ContentAddress,
  keys: readonly ContentKey[],
): Promise<Result<Uint8Array<ArrayBuffer>>> {
  return openBytes(sealed, (about) => contentBinding({ ...address, ...about }), keys);
}
