import { createHash } from "node:crypto";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import { proxyAgent } from "../connection/proxy.ts";
import { errorMessage } from "../log.ts";

interface Download {
  readonly mostBytes: number;
  readonly signal: AbortSignal;
}

/**
 * Fetches bytes from the platform: no more than expected, from no other address than the one given, and through the owner's
 * proxy where there is one.
 */
export async function download(url: URL, { mostBytes, signal }: Download): Promise<Buffer> {
  const failed = (why: string, cause?: unknown) =>
    new QuarterdeckError("UPDATE_FAILED", `The package could not be fetched from ${url.origin}: ${why}.`, { cause });
  let response: IncomingMessage;
  const pieces: Buffer[] = [];
  let bytes = 0;
  try {
    response = await ask(url, signal);
    if (response.statusCode === 200) {
      for await (const piece of response as AsyncIterable<Buffer>) {
        bytes += piece.length;
        if (bytes > mostBytes) break;
        pieces.push(piece);
      }
    }
  } catch (error) {
    throw failed(errorMessage(error), error);
  }
  response.destroy();
  if (response.statusCode !== 200) throw failed(`it answered ${response.statusCode}`);
  if (bytes > mostBytes) throw failed(`it is larger than ${mostBytes} bytes`);
  return Buffer.concat(pieces);
}

function ask(url: URL, signal: AbortSignal): Promise<IncomingMessage> {
  const send = url.protocol === "https:" ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const request = send(url, { agent: proxyAgent(url) ?? false, signal }, resolve);
    request.on("error", reject);
    // The agent would pass the proxy's refusal off as the platform's answer.
    request.on("proxyConnect", ({ statusCode }: { statusCode: number }) => {
      if (statusCode !== 200) request.destroy(new Error(`the proxy refuses the connection with ${statusCode}`));
    });
    request.end();
  });
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("base64url");
}
