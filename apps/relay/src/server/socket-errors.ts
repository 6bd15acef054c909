import { errorRule } from "@quarterdeck/core/errors/codes";
import type { Refusal } from "@quarterdeck/core/errors/result";
import { encodeFrame } from "@quarterdeck/core/protocol/codec";

/** Sends a text; a peer that has gone meanwhile is no error, its close event follows. Returns whether it was sent. */
export function trySend(socket: WebSocket, text: string): boolean {
  if (socket.readyState !== WebSocket.OPEN) return false;
  try {
    socket.send(text);
    return true;
  } catch {
    return false;
  }
}

/** Closes a socket that may be closing already. */
export function tryClose(socket: WebSocket, closeCode: number, reason: string): void {
  try {
    socket.close(closeCode, reason);
  } catch {
    // It is closed, which was the point.
  }
}

/** Tells a peer what was wrong, and closes the connection where the table of errors says so. Returns whether it did. */
export function sendError(socket: WebSocket, { code, message }: Refusal): boolean {
  trySend(socket, encodeFrame({ type: "error", code, message } as { type: "error" }));
  const { closeCode } = errorRule(code);
  if (closeCode === undefined) return false;
  tryClose(socket, closeCode, code);
  return true;
}

/** Writes one line about a failure: what failed and the error's kind, never a frame, a key or a stack. */
export function logFailure(what: string, error: unknown): void {
  const kind = error instanceof Error ? `${error.name}: ${error.message.slice(0, 300)}` : "not an Error";
  console.error(JSON.stringify({ level: "error", what, error: kind }));
}
