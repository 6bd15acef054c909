import { limits } from "@quarterdeck/core/protocol/limits";
import type { Sample } from "@quarterdeck/core/protocol/telemetry";

const keepSamples = 120;

interface TelemetryOptions {
  readonly read: () => Sample;
  /** Sends samples; `false` when nothing can be sent now. */
  readonly send: (samples: Sample[]) => boolean;
}

/** Samples every second while somebody watches and sends at once; else every 30 s, sent once a minute. */
export class TelemetrySchedule {
  readonly #options: TelemetryOptions;
  #timer: NodeJS.Timeout | undefined;
  #isWatched = false;
  #waiting: Sample[] = [];

  constructor(options: TelemetryOptions) {
    this.#options = options;
  }

  start(): void {
    this.#restart();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  setWatched(isWatched: boolean): void {
    if (isWatched === this.#isWatched) return;
    this.#isWatched = isWatched;
    this.#restart();
    if (isWatched) this.#sample();
  }

  /** There is a connection again: what was read meanwhile goes out. */
  connected(): void {
    this.#sample();
    this.#flush();
  }

  #restart(): void {
    clearInterval(this.#timer);
    this.#timer = setInterval(
      () => this.#sample(),
      this.#isWatched ? limits.sampleWatchedMs : limits.sampleUnwatchedMs,
    );
    this.#timer.unref();
  }

  #sample(): void {
    this.#waiting.push(this.#options.read());
    if (this.#waiting.length > keepSamples) this.#waiting.shift();
    const enough = limits.telemetryUnwatchedMs / limits.sampleUnwatchedMs;
    if (this.#isWatched || this.#waiting.length >= enough) this.#flush();
  }

  #flush(): void {
    if (this.#waiting.length > 0 && this.#options.send(this.#waiting)) this.#waiting = [];
  }
}
