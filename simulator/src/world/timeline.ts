interface Entry {
  readonly atMs: number;
  readonly order: number;
  readonly act: () => void;
}

/** What will happen, by virtual time; what is due at the same time happens in the order in which it was planned. */
export class Timeline {
  #heap: Entry[] = [];
  #planned = 0;
  #nowMs = 0;

  /** Milliseconds since the scenario began. No clock jump touches it. */
  get nowMs(): number {
    return this.#nowMs;
  }

  get planned(): number {
    return this.#heap.length;
  }

  after(delayMs: number, act: () => void): void {
    const entry = { atMs: this.#nowMs + Math.max(0, delayMs), order: this.#planned++, act };
    this.#heap.push(entry);
    this.#rise(this.#heap.length - 1);
  }

  /** Takes the next entry and moves the time to it; `undefined` when nothing is planned before `untilMs`. */
  next(untilMs: number): (() => void) | undefined {
    const first = this.#heap[0];
    if (!first || first.atMs > untilMs) return undefined;
    const last = this.#heap.pop();
    if (last && last !== first) {
      this.#heap[0] = last;
      this.#sink(0);
    }
    this.#nowMs = first.atMs;
    return first.act;
  }

  #isBefore(a: number, b: number): boolean {
    const first = this.#heap[a] as Entry;
    const second = this.#heap[b] as Entry;
    return first.atMs < second.atMs || (first.atMs === second.atMs && first.order < second.order);
  }

  #swap(a: number, b: number): void {
    const first = this.#heap[a] as Entry;
    this.#heap[a] = this.#heap[b] as Entry;
    this.#heap[b] = first;
  }

  #rise(index: number): void {
    for (let at = index; at > 0; ) {
      const parent = (at - 1) >> 1;
      if (!this.#isBefore(at, parent)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  #sink(index: number): void {
    for (let at = index; ; ) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < this.#heap.length && this.#isBefore(child, least)) least = child;
      }
      if (least === at) return;
      this.#swap(at, least);
      at = least;
    }
  }
}
