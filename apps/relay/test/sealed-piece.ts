import { fromBase64, toBase64 } from "@quarterdeck/core/base64";
import { epochBytes, nonceBytes, sealedOverheadBytes } from "@quarterdeck/core/protocol/content-format";

const headBytes = epochBytes + nonceBytes;

/** Bytes in the shape of sealed content: to a relay there is no difference, and a test can see which bytes came. */
export function sealedLike(clear: Uint8Array): string {
  const sealed = new Uint8Array(clear.length + sealedOverheadBytes);
  sealed.set(clear, headBytes);
  return toBase64(sealed);
}

export function bytesIn(sealed: string): Uint8Array {
  const bytes = fromBase64(sealed);
  return bytes.subarray(headBytes, bytes.length - (sealedOverheadBytes - headBytes));
}
