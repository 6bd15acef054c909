import * as z from "zod";
import type { RunId } from "../ids.ts";

/**
 * The most bytes that sealing adds: the epoch of the stream key (4, big-endian), a random nonce (12) and the tag of
 * AES-256-GCM (16). The sealed bytes between nonce and tag are as long as the clear ones.
 */
export const sealedOverheadBytes = 32;
export const epochBytes = 4;
export const nonceBytes = 12;
export const tagBytes = 16;

const domain = "quarterdeck/content/v1";

/**
 * Which piece of a run's content it is. It is authenticated with the bytes, so that nothing passes for another piece
 * (PROTOCOL 10.5).
 */
export type ContentPlace =
  | { readonly kind: "output"; readonly offset: number; readonly isEnd: boolean }
  /** The end of the output that a result carries. */
  | { readonly kind: "tail" }
  /** Words of a program in the reason of a failure. */
  | { readonly kind: "quote" }
  /** Who made the checked out commit and what about. */
  | { readonly kind: "commit" };

/** Sealed content of at most `maxBytes` clear bytes, in base64. */
export function sealedContentSchema(maxBytes: number) {
  return z
    .base64()
    .min(Math.ceil(sealedOverheadBytes / 3) * 4)
    .max(Math.ceil((maxBytes + sealedOverheadBytes) / 3) * 4);
}

/** Clear bytes that sealed content in base64 stands for. */
export function clearLength(sealed: string): number {
  const padding = sealed.endsWith("==") ? 2 : sealed.endsWith("=") ? 1 : 0;
  return Math.max(0, Math.floor(sealed.length / 4) * 3 - padding - sealedOverheadBytes);
}

/** What a run's content key is derived for: HKDF-SHA256 (RFC 5869) of the stream key, without salt. */
export function contentKeyInfo(runId: RunId): string {
  return `${domain}\n${runId}`;
}

/** The additional data that is authenticated with a piece. No field can hold a line break. */
export function contentBinding(piece: {
  readonly runId: RunId;
  readonly place: ContentPlace;
  readonly epoch: number;
  readonly length: number;
}): string {
  const { runId, place, epoch, length } = piece;
  const where = place.kind === "output" ? [place.offset, place.isEnd] : [];
  return [domain, runId, epoch, length, place.kind, ...where].join("\n");
}
