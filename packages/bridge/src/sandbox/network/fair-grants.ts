import { TokenBucket } from "./token-bucket.ts";

/** Somebody who waits for leave to pass bytes on: one connection, which asks for no more before it has got that. */
interface Asker {
  readonly id: string;
  /** The nodes whose limits it is under, the innermost first. */
  readonly nodes: readonly string[];
  readonly bytes: number;
}

export interface Grant {
  readonly id: string;
  /** At most what was asked for, at least one. */
  readonly bytes: number;
}

/** More is granted in pieces, so that nobody waits long behind one who asks for much. */
const pieceBytes = 64 * 1024;

/**
 * Gives leave to pass bytes on, within the rates of nested nodes: each byte counts in every node that it is in. Who asked first is
 * served first, so connections that always want more get as many turns. Who waits for its own project's rate holds up nobody in another
 * project; who waits for the workspace's holds up whoever asked later, or small ones would forever pass a large one.
 */
export class FairGrants {
  readonly #buckets = new Map<string, TokenBucket>();
  readonly #waiting: Asker[] = [];

  /** @param bytesPerSecond null: no limit */
  setRate(
    node: string,
    bytesPerSecond: number | null,
    { nowMs, isFull = true }: { nowMs: number; isFull?: boolean },
  ): void {
    const bucket = this.#buckets.get(node);
    if (bytesPerSecond === null) this.#buckets.delete(node);
    else if (bucket) bucket.setRate(bytesPerSecond, nowMs);
    else this.#buckets.set(node, new TokenBucket(bytesPerSecond, { nowMs, isFull }));
  }

  ask(asker: Asker): void {
    this.#waiting.push(asker);
  }

  /** It does not wait any more. */
  leave(id: string): void {
    const index = this.#waiting.findIndex((asker) => asker.id === id);
    if (index >= 0) this.#waiting.splice(index, 1);
  }

  /** Whoever this is true of does not wait any more. */
  leaveAll(isGone: (id: string) => boolean): void {
    const left = this.#waiting.filter(({ id }) => !isGone(id));
    this.#waiting.splice(0, this.#waiting.length, ...left);
  }

  /** Who may go on now, in the order in which they asked. */
  grants(nowMs: number): Grant[] {
    const granted: Grant[] = [];
    const held = new Set<string>();
    let kept = 0;
    for (const asker of this.#waiting) {
      const bytes = this.#piece(asker);
      const lacking = asker.nodes.find((node) => held.has(node) || !this.#has(node, bytes, nowMs));
      if (lacking === undefined && bytes > 0) {
        for (const node of asker.nodes) this.#buckets.get(node)?.take(bytes);
        granted.push({ id: asker.id, bytes });
        continue;
      }
      if (lacking !== undefined) held.add(lacking);
      this.#waiting[kept++] = asker;
    }
    this.#waiting.length = kept;
    return granted;
  }

  /** How long until somebody may go on; infinite where nobody waits, or only for what never comes. */
  waitMs(nowMs: number): number {
    const held = new Set<string>();
    let leastMs = Number.POSITIVE_INFINITY;
    for (const asker of this.#waiting) {
      const bytes = this.#piece(asker);
      if (bytes === 0 || asker.nodes.some((node) => held.has(node))) continue;
      const waits = asker.nodes.map((node) => this.#buckets.get(node)?.waitMs(bytes, nowMs) ?? 0);
      leastMs = Math.min(leastMs, Math.max(0, ...waits));
      const lacking = asker.nodes.find((node) => !this.#has(node, bytes, nowMs));
      if (lacking !== undefined) held.add(lacking);
    }
    return leastMs;
  }

  /** What can be granted at once, if anything ever. */
  #piece({ nodes, bytes }: Asker): number {
    return Math.min(bytes, pieceBytes, ...nodes.map((node) => this.#buckets.get(node)?.capacity ?? pieceBytes));
  }

  #has(node: string, bytes: number, nowMs: number): boolean {
    return this.#buckets.get(node)?.has(bytes, nowMs) ?? true;
  }
}
