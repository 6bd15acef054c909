import type { Wire } from "../world/network.ts";
import type { ClientHalf } from "../substitutes/upgrade.ts";
import type { RelayObject } from "./relay-object.ts";

/** The server's end of a WebSocket in a Durable Object. It outlives the object's instance, as hibernating sockets do. */
export class ServerSocket implements ClientHalf {
  readyState = 0;
  tags: readonly string[] = [];
  autoResponseAtMs: number | null = null;
  #owner: RelayObject | undefined;
  #wire: Wire | undefined;
  #attachment: string | undefined;
  /** What came before the client was there. */
  readonly #waiting: (() => void)[] = [];
  #isAccepted = false;

  /** For `DurableObjectState.acceptWebSocket` and `WebSocket.accept`. */
  accept(owner?: RelayObject, tags: readonly string[] = []): void {
    this.#owner = owner;
    this.tags = tags;
    this.readyState = 1;
    this.#isAccepted = true;
  }

  get isAccepted(): boolean {
    return this.#isAccepted;
  }

  attachWire(wire: Wire): void {
    this.#wire = wire;
    wire.server.listener = {
      opened: () => undefined,
      message: (text) => this.#owner?.message(this, text),
      closed: (code, reason, wasClean) => {
        this.readyState = 3;
        this.#owner?.closed(this, { code, reason, wasClean });
      },
    };
    for (const act of this.#waiting.splice(0)) act();
  }

  /** The relay's process ended: the connection is gone. */
  cut(): void {
    this.readyState = 3;
    this.#owner = undefined;
    this.#wire?.cut("client");
  }

  #transmit(act: () => void): void {
    const deliver = () => (this.#wire ? act() : void this.#waiting.push(act));
    if (this.#owner) this.#owner.output(deliver);
    else deliver();
  }

  /** Answers without waking the object. */
  answer(text: string): void {
    this.#wire?.server.send(text);
  }

  send(text: string): void {
    if (this.readyState !== 1) throw new TypeError("Can't call WebSocket send() after close().");
    if (text.startsWith('{"type":"welcome"')) this.#owner?.welcomed(this);
    this.#transmit(() => this.#wire?.server.send(text));
  }

  close(code = 1000, reason = ""): void {
    if (this.readyState >= 2) return;
    this.readyState = 2;
    this.#transmit(() => this.#wire?.server.close(code, reason));
  }

  serializeAttachment(value: unknown): void {
    this.#attachment = JSON.stringify(value);
    if (this.#attachment.length > 16 * 1024) throw new Error("an attachment is larger than 16 KiB");
  }

  deserializeAttachment(): unknown {
    return this.#attachment === undefined ? null : JSON.parse(this.#attachment);
  }
}
