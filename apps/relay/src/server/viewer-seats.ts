import { encodeFrame } from "@quarterdeck/core/protocol/codec";
import type { ViewerFrame } from "@quarterdeck/core/protocol/relay-to-viewer";
import type { ViewerState } from "../session/viewer.ts";
import { trySend } from "./socket-errors.ts";
import { ViewerPost } from "./viewer-post.ts";

/** A viewer and its socket. */
export type Seat = readonly [WebSocket, ViewerState];

export function encodeForViewers(frame: ViewerFrame): string {
  return encodeFrame(frame);
}

/** The viewers that are there: what is known of each, which its socket remembers, and the way out to it. */
export class ViewerSeats implements Iterable<Seat> {
  /** A cache of the sockets' attachments. */
  readonly #viewers = new Map<WebSocket, ViewerState>();
  /** Viewers whose attachment is older than what is known of them. */
  readonly #unstored = new Set<WebSocket>();
  readonly #post = new ViewerPost((socket) => this.#store(socket));

  constructor(sockets: readonly WebSocket[]) {
    for (const socket of sockets) {
      if (socket.readyState === WebSocket.OPEN)
        this.#viewers.set(socket, socket.deserializeAttachment() as ViewerState);
    }
  }

  [Symbol.iterator](): Iterator<Seat> {
    return this.#viewers[Symbol.iterator]();
  }

  get size(): number {
    return this.#viewers.size;
  }

  get viewers(): Iterable<ViewerState> {
    return this.#viewers.values();
  }

  get(socket: WebSocket): ViewerState | undefined {
    return this.#viewers.get(socket);
  }

  set(socket: WebSocket, viewer: ViewerState): void {
    this.setUnstored(socket, viewer);
    this.#store(socket);
  }

  /** What the attachment says goes out together with what is sent next, once for many pieces. */
  setUnstored(socket: WebSocket, viewer: ViewerState): void {
    this.#viewers.set(socket, viewer);
    this.#unstored.add(socket);
  }

  /** Forgets a viewer that has gone. Returns what was known of it. */
  remove(socket: WebSocket): ViewerState | undefined {
    const viewer = this.#viewers.get(socket);
    this.#viewers.delete(socket);
    this.#unstored.delete(socket);
    return viewer;
  }

  send(socket: WebSocket, frame: ViewerFrame): void {
    const viewer = this.#viewers.get(socket);
    if (viewer) this.sendText([socket, viewer], encodeForViewers(frame), Date.now());
  }

  /** Sends a frame, with others in one message where the page knows that (PROTOCOL 6.8). Returns whether it is there. */
  sendText([socket, { features }]: Seat, text: string, nowMs: number): boolean {
    if (features.includes("batch")) return this.#post.send(socket, text, nowMs);
    this.#store(socket);
    return trySend(socket, text);
  }

  /** The viewer said something, or waits for something: what comes next is not held back. */
  expectAnswer(socket: WebSocket): void {
    this.#post.heard(socket);
  }

  flush(socket: WebSocket): void {
    this.#post.flush(socket, Date.now());
  }

  /** Numbers a viewer's next mark. */
  takeMark(socket: WebSocket): number {
    const viewer = this.#viewers.get(socket);
    if (!viewer) return 0;
    this.set(socket, { ...viewer, marks: viewer.marks + 1 });
    return viewer.marks + 1;
  }

  /**
   * Sends a mark, which the viewer answers when it has read everything before it.
   *
   * @param note what is known of the viewer with the mark on the way
   * @returns whether it is waited for: an older page answers none
   */
  mark(socket: WebSocket, note: (viewer: ViewerState, mark: number) => ViewerState): boolean {
    if (this.#viewers.get(socket)?.features.includes("checkpoint") !== true) return false;
    const number = this.takeMark(socket);
    const viewer = this.#viewers.get(socket);
    if (viewer) this.set(socket, note(viewer, number));
    this.send(socket, { type: "checkpoint", number });
    return true;
  }

  #store(socket: WebSocket): void {
    const viewer = this.#viewers.get(socket);
    if (this.#unstored.delete(socket) && viewer) socket.serializeAttachment(viewer);
  }
}
