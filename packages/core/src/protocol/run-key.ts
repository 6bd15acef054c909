import * as z from "zod";
import { fromBase64Url, toBase64Url } from "../base64.ts";

const key = z.string().regex(/^[A-Za-z0-9_-]{43}$/, "must be 32 bytes in base64url");
/** Counts from 1 within an org; removing a member begins the next (PROTOCOL 10.3). */
export const keyEpochSchema = z
  .int()
  .min(1)
  .max(2 ** 32 - 1);

/** What the content of a project (or of a workspace's own runs) is sealed with, from one epoch on (PROTOCOL 10.3). */
export const streamKeySchema = z.strictObject({ epoch: keyEpochSchema, key });
export type StreamKey = z.infer<typeof streamKeySchema>;

/** A key that was derived from a stream key, for one run and one use. */
export const runKeySchema = z.strictObject({ epoch: keyEpochSchema, key });
export type RunKey = z.infer<typeof runKeySchema>;

export const runKeyBytes = 32;

/**
 * Derives a run's key by HKDF-SHA256 (RFC 5869), without salt.
 *
 * @param info the use and the run
 */
export async function deriveRunKey({ epoch, key: stream }: StreamKey, info: string): Promise<RunKey> {
  const secret = await crypto.subtle.importKey("raw", fromBase64Url(stream), "HKDF", false, ["deriveBits"]);
  const settings = {
    name: "HKDF",
    hash: "SHA-256",
    salt: new Uint8Array(),
    info: new Uint8Array(new TextEncoder().encode(info)),
  };
  const derived = new Uint8Array(await crypto.subtle.deriveBits(settings, secret, runKeyBytes * 8));
  return { epoch, key: toBase64Url(derived) };
}
