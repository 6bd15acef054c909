import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { errorRule, type ErrorCode } from "@quarterdeck/core/errors/codes";

/** Answers a request to upgrade with an ordinary HTTP error. */
export function refuseUpgrade(socket: Duplex, code: ErrorCode, message: string): void {
  const { httpStatus } = errorRule(code);
  const body = JSON.stringify({ code, message });
  socket.end(
    `HTTP/1.1 ${httpStatus} ${STATUS_CODES[httpStatus] ?? ""}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
