import type { End } from "../world/network.ts";
import { requireProcess } from "../world/sim-process.ts";
import { openWire } from "./upgrade.ts";

type Listener = (event: { data?: string }) => void;

/** A browser's WebSocket, as the console uses it. Its constants are those that the relay reads too. */
export class BrowserSocket {
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  static readonly CLOSING = 2;
  static readonly CLOSED = 3;
  readyState = BrowserSocket.CONNECTING;
  readonly #end: End;
  readonly #listeners = new Map<string, Listener[]>();

  constructor(url: URL | string) {
    const process = requireProcess();
    const tell = (event: string, data?: string) =>
      process.after(0, () => {
        for (const listener of this.#listeners.get(event) ?? []) listener(data === undefined ? {} : { data });
      });
    this.#end = openWire(process, new URL(String(url)), {
      opened: () => {
        this.readyState = BrowserSocket.OPEN;
        tell("open");
      },
      message: (text) => tell("message", text),
      closed: () => {
        this.readyState = BrowserSocket.CLOSED;
        tell("close");
      },
    });
    process.onEnd(() => this.#end.abandon());
  }

  addEventListener(event: string, listener: Listener): void {
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener]);
  }

  send(text: string): void {
    if (this.readyState === BrowserSocket.OPEN) this.#end.send(text);
  }

  close(): void {
    if (this.readyState !== BrowserSocket.OPEN) return this.#end.abandon();
    this.readyState = BrowserSocket.CLOSING;
    this.#end.close(1000, "");
  }
}
