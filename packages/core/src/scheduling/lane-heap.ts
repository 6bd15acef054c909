import type { Lane } from "./lanes.ts";
import type { ShareNode } from "./share-node.ts";

/** Which of two siblings is served first: the smaller tag, by rank when they are equal. */
export function isBefore(a: ShareNode, b: ShareNode): boolean {
  return a.tag < b.tag || (a.tag === b.tag && a.rank < b.rank);
}

/** Open lanes of siblings, the one that is served first on top. Their tags stand beside them, so that few nodes are read. */
export class LaneHeap {
  readonly #lanes: Lane[] = [];
  readonly #tags: number[] = [];

  first(): Lane | null {
    return this.#lanes[0] ?? null;
  }

  push(lane: Lane): void {
    const place = this.#lanes.length;
    this.#lanes.push(lane);
    this.#tags.push(lane.node.tag);
    this.#rise(lane, place);
  }

  take(lane: Lane): void {
    const last = this.#lanes.pop() as Lane;
    const tag = this.#tags.pop() as number;
    const { place } = lane;
    lane.place = -1;
    if (last === lane) return;
    this.#lanes[place] = last;
    this.#tags[place] = tag;
    this.#sink(last, place);
    this.#rise(last, last.place);
  }

  /** Puts a lane at its new place after the tag of its node changed. */
  reorder(lane: Lane): void {
    const { place } = lane;
    const before = this.#tags[place] as number;
    this.#tags[place] = lane.node.tag;
    if (lane.node.tag > before) this.#sink(lane, place);
    else this.#rise(lane, place);
  }

  /** Puts all in order again after tags were set. */
  rebuild(): void {
    this.#lanes.sort((a, b) => (isBefore(a.node, b.node) ? -1 : 1));
    for (const [place, lane] of this.#lanes.entries()) {
      lane.place = place;
      this.#tags[place] = lane.node.tag;
    }
  }

  #rise(lane: Lane, from: number): void {
    const lanes = this.#lanes;
    const tags = this.#tags;
    const { tag } = lane.node;
    let place = from;
    while (place > 0) {
      const above = (place - 1) >>> 1;
      const otherTag = tags[above] as number;
      if (tag > otherTag) break;
      const other = lanes[above] as Lane;
      if (tag === otherTag && lane.node.rank >= other.node.rank) break;
      lanes[place] = other;
      tags[place] = otherTag;
      other.place = place;
      place = above;
    }
    lanes[place] = lane;
    tags[place] = tag;
    lane.place = place;
  }

  #sink(lane: Lane, from: number): void {
    const lanes = this.#lanes;
    const tags = this.#tags;
    const { length } = tags;
    const { tag } = lane.node;
    let place = from;
    for (;;) {
      let below = 2 * place + 1;
      if (below >= length) break;
      let otherTag = tags[below] as number;
      if (below + 1 < length) {
        const rightTag = tags[below + 1] as number;
        if (rightTag < otherTag || (rightTag === otherTag && this.#isRankBefore(below + 1, below))) {
          below++;
          otherTag = rightTag;
        }
      }
      if (tag < otherTag) break;
      const other = lanes[below] as Lane;
      if (tag === otherTag && lane.node.rank <= other.node.rank) break;
      lanes[place] = other;
      tags[place] = otherTag;
      other.place = place;
      place = below;
    }
    lanes[place] = lane;
    tags[place] = tag;
    lane.place = place;
  }

  #isRankBefore(a: number, b: number): boolean {
    return (this.#lanes[a] as Lane).node.rank < (this.#lanes[b] as Lane).node.rank;
  }
}
