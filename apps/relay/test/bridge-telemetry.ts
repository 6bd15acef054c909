import { join } from "node:path";
import { encodeReadings, type CompactReadings } from "@quarterdeck/core/protocol/compact-readings";
import { limits } from "@quarterdeck/core/protocol/limits";
import type { Sample, TelemetryGap } from "@quarterdeck/core/protocol/telemetry";
import { minuteMs, secondMs } from "@quarterdeck/core/units";
import { vi } from "vitest";
import { createLog } from "../../../packages/bridge/src/log.ts";
import { HistoryFeed } from "../../../packages/bridge/src/telemetry/history-feed.ts";
import { SampleSpool } from "../../../packages/bridge/src/telemetry/sample-spool.ts";
import { TelemetrySchedule } from "../../../packages/bridge/src/telemetry/telemetry-schedule.ts";

/** What a bridge sends of its readings; `epoch` is the connection's to add. */
export type ReadingsFrame =
  | { readonly type: "telemetry"; readonly readings: CompactReadings }
  | {
      readonly type: "history";
      readonly through: number;
      readonly readings: CompactReadings;
      readonly gaps: readonly TelemetryGap[];
    };

/** A machine of middle size, so that a reading is as long as readings are. */
export const usual: Sample = {
  atMs: 1,
  cpu: 1437,
  cpuCapacity: 8000,
  memoryUsed: 9_812_475_904,
  memoryTotal: 33_567_322_112,
  diskUsed: 118_402_830_336,
  diskTotal: 502_392_610_816,
  networkReceived: 83_104_772_190,
  networkSent: 12_884_901_888,
  load1: 1.42,
  runs: 3,
};

const relayAnswersAfterMs = 20;

/**
 * Lets the bridge's own code read and send for some minutes, up to now, by a clock of its own, with a relay that stores what
 * it gets. The bridge has been connected for a slot of the history before that.
 */
export function playBridge(minutes: number, options: { isWatched: boolean; folder: string }): ReadingsFrame[] {
  const endMs = Math.floor(Date.now() / limits.historySlotMs) * limits.historySlotMs + minuteMs;
  const startMs = endMs - minutes * minuteMs;
  const frames: ReadingsFrame[] = [];
  vi.useFakeTimers({ now: startMs - limits.historySlotMs - minuteMs });
  try {
    const take = (frame: ReadingsFrame) => {
      if (Date.now() >= startMs) frames.push(frame);
      return true;
    };
    const spool = SampleSpool.open({
      directory: join(options.folder, `spool-${String(options.isWatched)}`),
      log: createLog({ write: () => undefined, isForPeople: false, nowMs: () => Date.now() }),
    });
    const feed = new HistoryFeed({
      spool,
      hasRoom: () => true,
      send(piece) {
        setTimeout(() => feed.stored(piece.through), relayAnswersAfterMs);
        const { through, samples, gaps } = piece;
        return take({ type: "history", through, readings: encodeReadings(samples), gaps });
      },
    });
    const schedule = new TelemetrySchedule({
      clock: { monotonicMs: () => Date.now() },
      spool,
      feed,
      read: () => ({ ...usual, atMs: Date.now() }),
      readWorkspaces: () => [],
      send: ({ samples }) => take({ type: "telemetry", readings: encodeReadings(samples) }),
    });
    schedule.start();
    schedule.connected();
    feed.connected();
    if (options.isWatched) schedule.setWatched(true);
    vi.advanceTimersByTime(endMs - Date.now() - secondMs / 2);
    schedule.stop();
    return frames;
  } finally {
    vi.useRealTimers();
  }
}
