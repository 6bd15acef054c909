import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { errorRule, type ErrorCode } from "@quarterdeck/core/errors/codes";

/** Answers a request to upgrade with an ordinary HTTP error. */
export function refuseUpgrade(
  socket: Duplex,
  { code, message }: { readonly code: ErrorCode; readonly message: string },
  fields: Readonly<Record<string, string>> = {},
): void {
  const { httpStatus } = errorRule(code);
  const body = JSON.stringify({ code, message });
  const headers = {
    connection: "close",
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
    ...fields,
  };
  const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${httpStatus} ${STATUS_CODES[httpStatus] ?? ""}\r\n${head.join("")}\r\n${body}`);
}
