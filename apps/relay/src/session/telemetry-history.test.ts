import {
  countReadings,
  decodeReadings,
  encodeReadings,
  type CompactReadings,
} from "@quarterdeck/core/protocol/compact-readings";
import { limits } from "@quarterdeck/core/protocol/limits";
import fc from "fast-check";
import { expect, it } from "vitest";
import { sample } from "../../test/output-source.ts";
import { historySlots, inFrames, mergeHistory, noHistory, slotPlace, toSlots } from "./telemetry-history.ts";

const nowMs = 1_800_000_000_000;
const at = (...times: number[]) => encodeReadings(times.map((atMs) => ({ ...sample, atMs })));
const timesOf = (readings: CompactReadings) => decodeReadings(readings).map(({ atMs }) => atMs);
const anyTime = fc.integer({ min: nowMs - 2 * limits.telemetryHistoryMs, max: nowMs + limits.telemetryHistoryMs });

it("puts each reading of the last day into one slot, and no other reading into any", () => {
  fc.assert(
    fc.property(fc.uniqueArray(anyTime), (times) => {
      const slots = toSlots({ readings: at(...times), gaps: [] }, nowMs);
      for (const { startMs, readings } of slots)
        for (const atMs of timesOf(readings)) {
          expect(atMs).toBeGreaterThanOrEqual(startMs);
          expect(atMs).toBeLessThan(startMs + limits.historySlotMs);
        }
      const kept = times.filter((t) => t >= nowMs - limits.telemetryHistoryMs && t <= nowMs + limits.clockSkewMs);
      expect(slots.reduce((sum, { readings }) => sum + countReadings(readings), 0)).toBe(kept.length);
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
  const once = mergeHistory(noHistory, { readings: at(3, 1, 2), gaps: [] });
  expect(timesOf(mergeHistory(once, { readings: at(2, 4), gaps: [] }).readings)).toEqual([1, 2, 3, 4]);
  const flood = mergeHistory(once, { readings: at(...Array.from({ length: 1000 }, (_, i) => i)), gaps: [] });
  expect(countReadings(flood.readings)).toBeLessThan(50);
  const gap = { fromMs: 1, toMs: 2, reason: "tooOld" } as const;
  expect(mergeHistory({ readings: [], gaps: [gap] }, { readings: [], gaps: [{ ...gap }] }).gaps).toEqual([gap]);
});

it("splits a history into frames without losing or repeating anything", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 120 }), { maxLength: 12 }), fc.nat(300), (sizes, gaps) => {
      const history = {
        readings: sizes.flatMap((size, group) => at(...Array.from({ length: size }, (_, i) => group * 120 + i))),
        gaps: Array.from({ length: gaps }, (_, i) => ({ fromMs: i, toMs: i, reason: "tooOld" as const })),
      };
      const frames = [...inFrames(history)];
      expect(frames.flatMap((frame) => frame.readings)).toEqual(history.readings);
      expect(frames.flatMap((frame) => frame.gaps)).toEqual(history.gaps);
      expect(frames.every(({ readings }) => countReadings(readings) <= limits.historySamplesPerFrame)).toBe(true);
    }),
  );
});
