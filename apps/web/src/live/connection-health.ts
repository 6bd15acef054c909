import type { ServerId } from "@quarterdeck/core/ids";

/** What the console keeps a connection to: the platform itself, or the relay for one server. */
export type Peer = "platform" | ServerId;

/** All is well, or a connection is lost since a moment, or all are back and were away for a while. */
export type Health =
  | { readonly state: "well" }
  | { readonly state: "lost"; readonly sinceMs: number; readonly peers: readonly Peer[] }
  | { readonly state: "back"; readonly lostAtMs: number; readonly backAtMs: number };

/** A loss shorter than this is not worth a word. */
const quietLossMs = 300;

/** Remembers which connections are lost and tells its listeners when that changes. */
export class ConnectionHealth {
  readonly #lost = new Map<Peer, number>();
  readonly #listeners = new Set<() => void>();
  #health: Health = { state: "well" };

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly current = (): Health => this.#health;

  lost(peer: Peer, nowMs: number): void {
    if (this.#lost.has(peer)) return;
    this.#lost.set(peer, nowMs);
    this.#set({ state: "lost", sinceMs: Math.min(...this.#lost.values()), peers: [...this.#lost.keys()] });
  }

  /** The connection is there again, or nobody needs it any more. */
  back(peer: Peer, nowMs: number): void {
    if (!this.#lost.delete(peer) || this.#health.state !== "lost") return;
    const { sinceMs } = this.#health;
    if (this.#lost.size > 0) this.#set({ state: "lost", sinceMs, peers: [...this.#lost.keys()] });
    else if (nowMs - sinceMs < quietLossMs) this.#set({ state: "well" });
    else this.#set({ state: "back", lostAtMs: sinceMs, backAtMs: nowMs });
  }

  /** The person has read it. */
  dismiss(): void {
    if (this.#health.state === "back") this.#set({ state: "well" });
  }

  #set(health: Health): void {
    this.#health = health;
    for (const listener of this.#listeners) listener();
  }
}

export const connectionHealth = new ConnectionHealth();
