import { type ClientOptions, WebSocket } from "ws";

export interface Closed {
  readonly code: number;
  readonly reason: string;
}

export type Frame = { readonly type: string } & Record<string, unknown>;

// The close frame is what counts; the runtime may end the TCP connection later.
const closeSoon = { closeTimeout: 250 } as ClientOptions;

/** A WebSocket client that keeps what it receives, for tests that wait for a frame instead of for time. */
export class Peer {
  readonly socket: WebSocket;
  readonly frames: Frame[] = [];
  readonly texts: string[] = [];
  #taken = 0;
  #closed: Closed | undefined;
  readonly #waiters = new Set<() => void>();

  constructor(url: URL) {
    this.socket = new WebSocket(url.href, closeSoon);
    this.socket.on("message", (data: Buffer) => {
      const text = data.toString();
      this.texts.push(text);
      if (text.startsWith("{")) {
        const frame = JSON.parse(text) as Frame;
        this.frames.push(...(frame.type === "batch" ? (frame["frames"] as Frame[]) : [frame]));
      }
      this.#wake();
    });
    this.socket.on("close", (code, reason) => {
      this.#closed = { code, reason: String(reason) };
      this.#wake();
    });
    this.socket.on("error", () => this.#wake());
  }

  send(frame: object | string): void {
    this.socket.send(typeof frame === "string" ? frame : JSON.stringify(frame));
  }

  /** The next frame that matches, in the order they came; frames before it are passed over. */
  async next<T extends Frame = Frame>(type: string, matches: (frame: T) => boolean = () => true): Promise<T> {
    return await this.#until(() => {
      for (let i = this.#taken; i < this.frames.length; i++) {
        const frame = this.frames[i] as T;
        if (frame.type !== type || !matches(frame)) continue;
        this.#taken = i + 1;
        return frame;
      }
      return undefined;
    }, `a ${type} frame`);
  }

  async closed(): Promise<Closed> {
    return await this.#until(() => this.#closed, "the close", { mayBeClosed: true });
  }

  async until(condition: () => boolean, what: string): Promise<void> {
    await this.#until(() => condition() || undefined, what);
  }

  close(): void {
    this.socket.close();
  }

  /** Says goodbye and does not wait for the answer. */
  leave(): void {
    this.socket.close();
    this.socket.terminate();
  }

  #wake(): void {
    for (const waiter of this.#waiters) waiter();
  }

  async #until<T>(look: () => T | undefined, what: string, { mayBeClosed = false } = {}): Promise<T> {
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      if (this.#closed && !mayBeClosed) {
        throw new Error(
          `closed with ${this.#closed.code} ${this.#closed.reason} while waiting for ${what}; got ${this.texts.join(" ").slice(-1500)}`,
        );
      }
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiters.add(resolve);
      await promise;
      this.#waiters.delete(resolve);
    }
  }
}

/** Asks again until the answer is the wanted one; the test's own time limit ends it. */
export async function eventually<T>(ask: () => T | Promise<T>, isWanted: (value: T) => boolean): Promise<T> {
  for (;;) {
    const value = await ask();
    if (isWanted(value)) return value;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
