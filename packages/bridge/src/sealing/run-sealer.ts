import { createCipheriv, randomBytes } from "node:crypto";
import type { RunId } from "@quarterdeck/core/ids";
import {
  contentBinding,
  contentKeyInfo,
  epochBytes,
  nonceBytes,
  type ContentPlace,
} from "@quarterdeck/core/protocol/content-format";
import type { ContentKey } from "@quarterdeck/core/protocol/content-sealing";
import type { StreamKey } from "@quarterdeck/core/protocol/run-key";
import { runKeyOf } from "./run-key-of.ts";

/** The key of one run's content, derived from its project's stream key (PROTOCOL 10.4). */
export function contentKeyOf(streamKey: StreamKey, runId: RunId): ContentKey {
  return runKeyOf(streamKey, contentKeyInfo(runId));
}

/** Seals the content of one run: what `openContent` of core opens, made without waiting. */
export class RunSealer {
  readonly #runId: RunId;
  readonly #epoch: number;
  readonly #key: Buffer;

  constructor(runId: RunId, { epoch, key }: ContentKey) {
    this.#runId = runId;
    this.#epoch = epoch;
    this.#key = Buffer.from(key, "base64url");
  }

  /** @returns sealed content in base64 */
  seal(clear: Uint8Array, place: ContentPlace): string {
    const header = Buffer.alloc(epochBytes);
    header.writeUInt32BE(this.#epoch);
    const nonce = randomBytes(nonceBytes);
    const cipher = createCipheriv("aes-256-gcm", this.#key, nonce);
    const piece = { runId: this.#runId, place, epoch: this.#epoch, length: clear.length };
    cipher.setAAD(Buffer.from(contentBinding(piece)));
    const body = [cipher.update(clear), cipher.final(), cipher.getAuthTag()];
    return Buffer.concat([header, nonce, ...body]).toString("base64");
  }

  sealText(text: string, place: ContentPlace): string {
    return this.seal(Buffer.from(text), place);
  }
}
