import {
  countReadings,
  decodeReadings,
  encodeReadings,
  type CompactReadings,
} from "@quarterdeck/core/protocol/compact-readings";

/** A little more than a slot of the history at a reading a second: what is not in the storage yet. */
const keptReadings = 360;

/** The newest readings, for whoever begins to watch. In memory only. */
export class RecentReadings {
  #groups: CompactReadings = [];
  #count = 0;

  /** Keeps them as they came. */
  add(readings: CompactReadings): void {
    this.#groups = [...this.#groups, ...readings];
    this.#count += countReadings(readings);
    let drop = 0;
    for (const { rows } of this.#groups) {
      if (this.#count - rows.length < keptReadings) break;
      this.#count -= rows.length;
      drop++;
    }
    if (drop > 0) this.#groups = this.#groups.slice(drop);
  }

  /** All of them, in as little as they take. */
  packed(): CompactReadings {
    this.#groups = encodeReadings(decodeReadings(this.#groups));
    return this.#groups;
  }
}
