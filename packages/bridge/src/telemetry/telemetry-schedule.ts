import type { Clock } from "@quarterdeck/core/clock";
import { limits } from "@quarterdeck/core/protocol/limits";
import type { Sample } from "@quarterdeck/core/protocol/telemetry";
import type { WorkspaceReading } from "@quarterdeck/core/protocol/workspace-readings";
import type { HistoryFeed } from "./history-feed.ts";
import type { Readings } from "./readings.ts";
import type { SampleSpool } from "./sample-spool.ts";

interface TelemetryOptions {
  readonly clock: Pick<Clock, "monotonicMs">;
  readonly read: () => Sample;
  /**
   * What workspaces use at the moment of a sample: `live` since the one before, `kept` since the one before that went into
   * the spool.
   */
  readonly readWorkspaces: (of: "live" | "kept", atMs: number) => readonly WorkspaceReading[];
  /** Sends readings; what cannot be sent now is lost here, and comes from the spool later. */
  readonly send: (readings: Readings) => boolean;
  readonly spool: Pick<SampleSpool, "add" | "oldestMs">;
  readonly feed: Pick<HistoryFeed, "flush">;
}

interface Reading {
  readonly sample: Sample;
  readonly workspaces: readonly WorkspaceReading[];
}

function together(readings: readonly Reading[]): Readings {
  return {
    samples: readings.map(({ sample }) => sample),
    workspaces: readings.flatMap(({ workspaces }) => workspaces),
  };
}

/** A timer may ring a little early. */
const slackMs = 500;
const samplesPerFrame = limits.telemetryUnwatchedMs / limits.sampleUnwatchedMs;

/**
 * Samples every second while somebody watches and sends at once; else every 30 s, sent once a minute. A sample every 30 s
 * goes into the spool in any case, connected or not, and from there into the relay's history.
 */
export class TelemetrySchedule {
  readonly #options: TelemetryOptions;
  #timer: NodeJS.Timeout | undefined;
  #isWatched = false;
  #waiting: Reading[] = [];
  #keptAtMs = Number.NEGATIVE_INFINITY;
  /** Use of the processor since the last sample that was kept: the history is to show what lies between, too. */
  #cpu: number[] = [];

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
    if (!isWatched) return;
    this.#waiting = [];
    this.#sample();
    this.#options.feed.flush();
  }

  /** There is a connection again: it hears how the server is now. */
  connected(): void {
    this.#waiting = [];
    this.#options.send(together([this.#sample()]));
  }

  #restart(): void {
    clearInterval(this.#timer);
    this.#timer = setInterval(
      () => this.#sample(),
      this.#isWatched ? limits.sampleWatchedMs : limits.sampleUnwatchedMs,
    );
    this.#timer.unref();
  }

  #sample(): Reading {
    const { read, readWorkspaces, send, clock } = this.#options;
    const sample = read();
    const reading = { sample, workspaces: readWorkspaces("live", sample.atMs) };
    this.#cpu.push(sample.cpu);
    if (this.#isWatched) send(together([reading]));
    const nowMs = clock.monotonicMs();
    if (nowMs - this.#keptAtMs >= limits.sampleUnwatchedMs - slackMs) {
      this.#keptAtMs = nowMs;
      this.#keep(reading);
    }
    return reading;
  }

  #keep(reading: Reading): void {
    const { spool, feed, send, readWorkspaces } = this.#options;
    const { sample } = reading;
    const cpu = Math.round(this.#cpu.reduce((sum, used) => sum + used, 0) / this.#cpu.length);
    this.#cpu = [];
    spool.add({ ...sample, cpu }, readWorkspaces("kept", sample.atMs));
    const slotMs = Math.floor(sample.atMs / limits.historySlotMs) * limits.historySlotMs;
    const isSlotFull = (spool.oldestMs ?? slotMs) < slotMs;
    if (!this.#isWatched) {
      this.#waiting = [...this.#waiting, reading].slice(-samplesPerFrame);
      if (this.#waiting.length < samplesPerFrame) return;
    }
    // The relay stores a row a slot, so it gets whole ones: instead of that minute's frame, as nobody watches.
    if (isSlotFull) {
      this.#waiting = [];
      feed.flush(slotMs);
    } else if (!this.#isWatched && send(together(this.#waiting))) this.#waiting = [];
  }
}
