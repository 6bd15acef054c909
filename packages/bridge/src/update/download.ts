import { createHash } from "node:crypto";
import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import { errorMessage } from "../log.ts";

interface Download {
  readonly mostBytes: number;
  readonly signal: AbortSignal;
}

/** Fetches bytes from the platform: no more than expected, and from no other address than the one given. */
export async function download(url: URL, { mostBytes, signal }: Download): Promise<Buffer> {
  const failed = (why: string, cause?: unknown) =>
    new QuarterdeckError("UPDATE_FAILED", `The package could not be fetched from ${url.origin}: ${why}.`, { cause });
  let response: Response;
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  try {
    response = await fetch(url, { redirect: "error", signal });
    if (response.ok && response.body) {
      for await (const piece of response.body) {
        bytes += piece.length;
        if (bytes > mostBytes) break;
        pieces.push(piece);
      }
    }
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    throw failed(errorMessage(cause), error);
  }
  if (!response.ok) throw failed(`it answered ${response.status}`);
  if (bytes > mostBytes) throw failed(`it is larger than ${mostBytes} bytes`);
  return Buffer.concat(pieces);
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("base64url");
}
