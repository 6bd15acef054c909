import { createDecipheriv } from "node:crypto";
import { accept, refuse, type Result } from "@quarterdeck/core/errors/result";
import type { RunId } from "@quarterdeck/core/ids";
import { epochBytes, nonceBytes, sealedOverheadBytes, tagBytes } from "@quarterdeck/core/protocol/content-format";
import { inputBinding, inputKeyInfo, type InputKey } from "@quarterdeck/core/protocol/input-sealing";
import type { RunInput } from "@quarterdeck/core/protocol/run-input";
import type { StreamKey } from "@quarterdeck/core/protocol/run-key";
import { runKeyOf } from "./run-key-of.ts";

/** Opens what is typed into one run: what `sealInput` of core sealed, opened without waiting. */
export class InputOpener {
  readonly keyEpoch: number;
  readonly #key: Buffer;

  constructor({ epoch, key }: InputKey) {
    this.keyEpoch = epoch;
    this.#key = Buffer.from(key, "base64url");
  }

  static of(streamKey: StreamKey, runId: RunId): InputOpener {
    return new InputOpener(runKeyOf(streamKey, inputKeyInfo(runId)));
  }

  /** @returns the clear bytes, or `CONTENT_UNREADABLE`: not sealed, with another key, or for another place */
  open(piece: RunInput): Result<Buffer> {
    const sealed = Buffer.from(piece.data, "base64");
    if (sealed.length < sealedOverheadBytes || sealed.readUInt32BE(0) !== this.keyEpoch) return unreadable();
    const decipher = createDecipheriv("aes-256-gcm", this.#key, sealed.subarray(epochBytes, epochBytes + nonceBytes));
    const about = { epoch: this.keyEpoch, length: sealed.length - sealedOverheadBytes };
    decipher.setAAD(Buffer.from(inputBinding({ ...piece, ...about })));
    decipher.setAuthTag(sealed.subarray(-tagBytes));
    try {
      const clear = decipher.update(sealed.subarray(epochBytes + nonceBytes, -tagBytes));
      return accept(Buffer.concat([clear, decipher.final()]));
    } catch {
      return unreadable(); // What fails to authenticate says nothing more, on purpose.
    }
  }
}

function unreadable(): Result<never> {
  return refuse("CONTENT_UNREADABLE", "It was not sealed for this run and this place, or was changed on its way.");
}
