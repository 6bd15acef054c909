import { limits } from "@quarterdeck/core/protocol/limits";
import type { CompactReadings } from "@quarterdeck/core/protocol/compact-readings";

/** What goes to a viewer now: readings, and then a mark that it answers when it has read everything before. */
export interface TelemetryStep {
  readonly readings: CompactReadings;
  readonly checkpoint: number | null;
}

const nothing: TelemetryStep = { readings: [], checkpoint: null };

/**
 * Telemetry to one viewer that answers checkpoints: after so many frames a mark follows, and a viewer that lets as many
 * again go by without answering it is behind and gets only what came last, once it has answered (PROTOCOL 6.9).
 *
 * It lives in memory: an object that was idle long enough to be evicted has nothing on the way.
 */
export class TelemetryFlow {
  readonly #nextMark: () => number;
  #sinceMark = 0;
  #awaited: number | null = null;
  #latest: CompactReadings | null = null;

  /** @param nextMark numbers the connection's marks */
  constructor(nextMark: () => number) {
    this.#nextMark = nextMark;
  }

  offer(readings: CompactReadings): TelemetryStep {
    if (this.#awaited !== null && this.#sinceMark >= limits.framesPerCheckpoint) {
      this.#latest = readings;
      return nothing;
    }
    this.#sinceMark++;
    if (this.#awaited !== null || this.#sinceMark < limits.framesPerCheckpoint) return { readings, checkpoint: null };
    this.#sinceMark = 0;
    this.#awaited = this.#nextMark();
    return { readings, checkpoint: this.#awaited };
  }

  /** The viewer has everything before a mark. One that is not awaited says nothing new. */
  reached(mark: number): TelemetryStep {
    if (mark !== this.#awaited) return nothing;
    this.#awaited = null;
    const latest = this.#latest;
    this.#latest = null;
    return latest ? this.offer(latest) : nothing;
  }
}
