import { once } from "node:events";
import { WebSocket } from "ws";

/** One end of a plain WebSocket: a viewer, or either end of a peer. */
export class WireEnd {
  readonly #socket: WebSocket;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  static async open(url: URL, onMessage: (message: Buffer) => void): Promise<WireEnd> {
    const socket = new WebSocket(url, { perMessageDeflate: false });
    socket.on("message", (data: Buffer) => onMessage(data));
    await once(socket, "open");
    return new WireEnd(socket);
  }

  send(text: string): void {
    this.#socket.send(text);
  }

  /** Reads nothing more, as a page whose machine sleeps. */
  pause(): void {
    this.#socket.pause();
  }

  close(): void {
    this.#socket.terminate();
  }
}

/** The address of a path on a server, for WebSockets. */
export function socketUrl(base: URL, path: string): URL {
  return new URL(path, base.href.replace(/^http/, "ws"));
}
