import type { SampleSpool, SpoolPiece } from "./sample-spool.ts";

interface HistoryFeedOptions {
  readonly spool: Pick<SampleSpool, "next" | "drop">;
  /** Sends a piece; `false` when there is no connection. */
  readonly send: (piece: SpoolPiece) => boolean;
  /** Nothing that is more urgent waits to go out. */
  readonly hasRoom: () => boolean;
}

/** Results and commands of a new connection go first. */
const startAfterMs = 500;
/** Keeps a long backlog far below the frames that the relay allows (PROTOCOL 7.2), and behind everything else. */
const pauseMs = 50;

/** Hands the spool to the relay: one piece at a time, the next when the relay has stored the last (PROTOCOL 11). */
export class HistoryFeed {
  readonly #options: HistoryFeedOptions;
  #isConnected = false;
  #sentThrough: number | undefined;
  #beforeMs = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: HistoryFeedOptions) {
    this.#options = options;
  }

  /** There is a new connection: everything that it does not know to be stored goes out again. */
  connected(): void {
    this.disconnected();
    this.#isConnected = true;
    this.#beforeMs = Number.POSITIVE_INFINITY;
    this.#later(startAfterMs);
  }

  disconnected(): void {
    this.#isConnected = false;
    this.#sentThrough = undefined;
    clearTimeout(this.#timer);
  }

  /** Sends what there is from before a time. */
  flush(beforeMs = Number.POSITIVE_INFINITY): void {
    this.#beforeMs = Math.max(this.#beforeMs, beforeMs);
    this.#pump();
  }

  stored(through: number): void {
    if (through !== this.#sentThrough) return;
    this.#sentThrough = undefined;
    this.#options.spool.drop(through);
    this.#later(pauseMs);
  }

  #later(delayMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#pump(), delayMs).unref();
  }

  #pump(): void {
    if (!this.#isConnected || this.#sentThrough !== undefined) return;
    const piece = this.#options.spool.next(this.#beforeMs);
    if (!piece) {
      this.#beforeMs = Number.NEGATIVE_INFINITY;
      return;
    }
    if (!this.#options.hasRoom()) return this.#later(pauseMs);
    if (this.#options.send(piece)) this.#sentThrough = piece.through;
  }
}
