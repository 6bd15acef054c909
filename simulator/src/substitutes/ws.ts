import { EventEmitter } from "node:events";
import type { End } from "../world/network.ts";
import { requireProcess } from "../world/sim-process.ts";
import { openWire } from "./upgrade.ts";

/** The `ws` package's client, as the bridge uses it, over the simulated network. */
export class WebSocket extends EventEmitter {
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  static readonly CLOSING = 2;
  static readonly CLOSED = 3;
  readyState = WebSocket.CONNECTING;
  /** The simulated network takes everything at once. */
  readonly bufferedAmount = 0;
  readonly #end: End;

  constructor(url: URL | string, options: { handshakeTimeout?: number } = {}) {
    super();
    const process = requireProcess();
    const tell = (event: string, ...args: unknown[]) => process.after(0, () => this.emit(event, ...args));
    this.#end = openWire(process, new URL(String(url)), {
      opened: () => {
        if (this.readyState !== WebSocket.CONNECTING) return;
        this.readyState = WebSocket.OPEN;
        tell("open");
      },
      message: (text) => tell("message", Buffer.from(text), false),
      closed: (code, reason) => {
        if (this.readyState === WebSocket.CLOSED) return;
        this.readyState = WebSocket.CLOSED;
        tell("close", code, Buffer.from(reason));
      },
    });
    if (options.handshakeTimeout !== undefined) {
      process.after(options.handshakeTimeout, () => {
        if (this.readyState !== WebSocket.CONNECTING) return;
        this.emit("error", new Error("Opening handshake has timed out"));
        this.terminate();
      });
    }
    process.onEnd(() => this.#end.abandon());
  }

  send(text: string): void {
    if (this.readyState === WebSocket.OPEN) this.#end.send(text);
  }

  close(code = 1000, reason = ""): void {
    if (this.readyState !== WebSocket.OPEN) return this.terminate();
    this.readyState = WebSocket.CLOSING;
    this.#end.close(code, reason);
  }

  terminate(): void {
    if (this.readyState === WebSocket.CLOSED) return;
    const { listener } = this.#end;
    this.#end.abandon();
    listener?.closed(1006, "", false);
  }
}
