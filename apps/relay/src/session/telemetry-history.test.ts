import { limits } from "@quarterdeck/core/protocol/limits";
import type { Sample } from "@quarterdeck/core/protocol/telemetry";
import fc from "fast-check";
import { expect, it } from "vitest";
import { historySlots, inFrames, mergeReadings, noReadings, slotPlace, toSlots } from "./telemetry-history.ts";

const nowMs = 1_800_000_000_000;
const at = (...times: number[]) => times.map((atMs) => ({ atMs }) as Sample);
const anyTime = fc.integer({ min: nowMs - 2 * limits.telemetryHistoryMs, max: nowMs + limits.telemetryHistoryMs });

it("puts each reading of the last day into one slot, and no other reading into any", () => {
  fc.assert(
    fc.property(fc.uniqueArray(anyTime), (times) => {
      const slots = toSlots({ samples: at(...times), gaps: [] }, nowMs);
      for (const { startMs, samples } of slots)
        for (const { atMs } of samples) {
          expect(atMs).toBeGreaterThanOrEqual(startMs);
          expect(atMs).toBeLessThan(startMs + limits.historySlotMs);
        }
      const kept = times.filter((t) => t >= nowMs - limits.telemetryHistoryMs && t <= nowMs + limits.clockSkewMs);
      expect(slots.flatMap(({ samples }) => samples).length).toBe(kept.length);
      expect(new Set(slots.map(({ startMs }) => startMs)).size).toBe(slots.length);
    }),
  );
});

it("gives the slots of one day different places, and as many places as that, whatever the time", () => {
  fc.assert(
    fc.property(fc.integer({ min: -1e12, max: 1e13 }), (time) => {
      const places = Array.from({ length: historySlots }, (_, i) => slotPlace(time + i * limits.historySlotMs));
      expect(new Set(places).size).toBe(historySlots);
      expect(places.every((place) => place >= 0 && place < historySlots)).toBe(true);
    }),
  );
});

it("has each moment once however often it comes, and holds no more of a slot than it may", () => {
  const once = mergeReadings(noReadings, { samples: at(3, 1, 2), gaps: [] });
  expect(mergeReadings(once, { samples: at(2, 4), gaps: [] }).samples.map(({ atMs }) => atMs)).toEqual([1, 2, 3, 4]);
  const flood = mergeReadings(once, { samples: at(...Array.from({ length: 1000 }, (_, i) => i)), gaps: [] });
  expect(flood.samples.length).toBeLessThan(50);
  const gap = { fromMs: 1, toMs: 2, reason: "tooOld" } as const;
  expect(mergeReadings({ samples: [], gaps: [gap] }, { samples: [], gaps: [{ ...gap }] }).gaps).toEqual([gap]);
});

it("splits a history into frames without losing or repeating anything", () => {
  fc.assert(
    fc.property(fc.nat(500), fc.nat(300), (samples, gaps) => {
      const history = {
        samples: at(...Array.from({ length: samples }, (_, i) => i)),
        gaps: Array.from({ length: gaps }, (_, i) => ({ fromMs: i, toMs: i, reason: "tooOld" as const })),
      };
      const frames = [...inFrames(history)];
      expect(frames.flatMap((frame) => frame.samples)).toEqual(history.samples);
      expect(frames.flatMap((frame) => frame.gaps)).toEqual(history.gaps);
      expect(frames.every((frame) => frame.samples.length <= limits.historySamplesPerFrame)).toBe(true);
    }),
  );
});
