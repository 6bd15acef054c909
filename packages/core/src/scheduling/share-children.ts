import type { ShareNode } from "./share-node.ts";

/** The children of a node by their ids. Most nodes have one, and there are many nodes: only two or more need a map. */
export class ShareChildren implements Iterable<ShareNode> {
  #only: ShareNode | null = null;
  #byId: Map<string, ShareNode> | null = null;

  get size(): number {
    if (this.#byId !== null) return this.#byId.size;
    return this.#only === null ? 0 : 1;
  }

  get(id: string): ShareNode | undefined {
    if (this.#byId !== null) return this.#byId.get(id);
    return this.#only?.id === id ? this.#only : undefined;
  }

  add(child: ShareNode): void {
    if (this.#byId !== null) this.#byId.set(child.id, child);
    else if (this.#only === null) this.#only = child;
    else {
      this.#byId = new Map([this.#only, child].map((one) => [one.id, one]));
      this.#only = null;
    }
  }

  delete(child: ShareNode): void {
    if (this.#only === child) this.#only = null;
    this.#byId?.delete(child.id);
  }

  clear(): void {
    this.#only = null;
    this.#byId = null;
  }

  [Symbol.iterator](): Iterator<ShareNode> {
    if (this.#byId !== null) return this.#byId.values();
    return (this.#only === null ? [] : [this.#only]).values();
  }
}
