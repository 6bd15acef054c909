import type { Result } from "../errors/result.ts";
import type { RunId } from "../ids.ts";
import { deriveRunKey, runKeySchema, type RunKey, type StreamKey } from "./run-key.ts";
import type { RunInput } from "./run-input.ts";
import { openBytes, sealBytes } from "./sealed-bytes.ts";

const domain = "quarterdeck/input/v1";

/**
 * What is typed into one run is sealed with: derived beside the run's content key and not from it, so who may read the
 * output cannot type (PROTOCOL 13.6).
 */
export const inputKeySchema = runKeySchema;
export type InputKey = RunKey;

/** Which piece of a run's input it is; all of it is authenticated with the bytes. */
export type InputPlace = Pick<RunInput, "runId" | "turn" | "writer" | "seq" | "isEnd">;

/** What a run's input key is derived for: HKDF-SHA256 of the stream key, without salt. */
export function inputKeyInfo(runId: RunId): string {
  return `${domain}\n${runId}`;
}

/** Derives the key of a run's input. */
export function deriveInputKey(streamKey: StreamKey, runId: RunId): Promise<InputKey> {
  return deriveRunKey(streamKey, inputKeyInfo(runId));
}

/** The additional data of a piece of input. No field can hold a line break. */
export function inputBinding(piece: InputPlace & { readonly epoch: number; readonly length: number }): string {
  const { runId, epoch, length, turn, writer, seq, isEnd } = piece;
  return [domain, runId, epoch, length, turn, writer, seq, isEnd].join("\n");
}

/**
 * Seals a piece of a run's input (PROTOCOL 13.6).
 *
 * @param nonce 12 random bytes, never used twice with one key
 * @returns the piece's `data`
 */
export function sealInput(
  clear: Uint8Array<ArrayBuffer>,
  place: InputPlace,
  options: { readonly key: InputKey; readonly nonce: Uint8Array<ArrayBuffer> },
): Promise<string> {
  return sealBytes(clear, (sealed) => inputBinding({ ...place, ...sealed }), options);
}

/**
 * Opens what `sealInput` sealed.
 *
 * @returns the clear bytes, or `CONTENT_UNREADABLE`: another key, or not what was sealed for this place
 */
export function openInput(
  { data, ...place }: InputPlace & Pick<RunInput, "data">,
  key: InputKey,
): Promise<Result<Uint8Array<ArrayBuffer>>> {
  return openBytes(data, (about) => inputBinding({ ...place, ...about }), [key]);
}
