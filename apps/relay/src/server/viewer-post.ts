import { limits } from "@quarterdeck/core/protocol/limits";
import { batchText, FrameGatherer } from "../session/frame-gatherer.ts";
import { trySend } from "./socket-errors.ts";

/**
 * Sends frames to viewers, several in one message where they come together (PROTOCOL 6.6). The timer that ends a moment
 * runs for a few milliseconds, so it keeps the object no longer awake than the frames that it waits for.
 */
export class ViewerPost {
  readonly #gatherers = new WeakMap<WebSocket, FrameGatherer>();
  readonly #holding = new Map<WebSocket, FrameGatherer>();
  readonly #onSending: (socket: WebSocket) => void;
  #timer: ReturnType<typeof setTimeout> | null = null;
  /** Viewers mostly get the same frames, so the last message is kept. */
  #last: { readonly texts: readonly string[]; readonly message: string } = { texts: [], message: "" };

  /** @param onSending called before something goes out to a viewer */
  constructor(onSending: (socket: WebSocket) => void) {
    this.#onSending = onSending;
  }

  /**
   * Sends a frame now or within a moment.
   *
   * @param nowMs read once for all viewers of a frame: in a Worker, reading the clock costs more than the rest of this
   * @returns whether the viewer is there, as far as that shows
   */
  send(socket: WebSocket, text: string, nowMs: number): boolean {
    let gatherer = this.#holding.get(socket) ?? this.#gatherers.get(socket);
    if (!gatherer) this.#gatherers.set(socket, (gatherer = new FrameGatherer()));
    const wasHolding = gatherer.isHolding;
    const groups = gatherer.offer(text, nowMs);
    if (!wasHolding && gatherer.isHolding) this.#hold(socket, gatherer);
    return groups.length === 0 || this.#send(socket, groups);
  }

  /** The viewer said something: the answer is not held back. */
  heard(socket: WebSocket): void {
    this.#gatherers.get(socket)?.expectAnswer();
  }

  /** Sends what is held for a viewer at once: something else follows, or the end. */
  flush(socket: WebSocket, nowMs: number): void {
    const gatherer = this.#holding.get(socket);
    this.#holding.delete(socket);
    this.#send(socket, gatherer?.take(nowMs) ?? []);
  }

  #send(socket: WebSocket, groups: readonly (readonly string[])[]): boolean {
    if (groups.length > 0) this.#onSending(socket);
    return groups.every((texts) => trySend(socket, this.#message(texts)));
  }

  #hold(socket: WebSocket, gatherer: FrameGatherer): void {
    this.#holding.set(socket, gatherer);
    if (this.#timer !== null) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      const nowMs = Date.now();
      for (const waiting of this.#holding.keys()) this.flush(waiting, nowMs);
      this.#last = { texts: [], message: "" };
    }, limits.batchGatherMs);
  }

  #message(texts: readonly string[]): string {
    const isSame = texts.length === this.#last.texts.length && texts.every((text, i) => text === this.#last.texts[i]);
    if (!isSame) this.#last = { texts, message: batchText(texts) };
    return this.#last.message;
  }
}
