import type { RawData } from "ws";

/** The text of a WebSocket message. */
export function messageText(data: RawData): string {
  return Buffer.isBuffer(data)
    ? data.toString()
    : Buffer.concat(Array.isArray(data) ? data : [Buffer.from(data)]).toString();
}
