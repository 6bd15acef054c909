import { limits } from "@quarterdeck/core/protocol/limits";
import type { Sample } from "@quarterdeck/core/protocol/telemetry";
import fc from "fast-check";
import { expect, it } from "vitest";
import { addReadings, keptSamples, networkRates, noReadings, type Readings } from "./sample-history.ts";

const sample = (atMs: number, received = 0, sent = 0) =>
  ({ atMs, networkReceived: received, networkSent: sent }) as Sample;
const readings = (...times: number[]): Readings => ({ samples: times.map((atMs) => sample(atMs)), gaps: [] });

it("keeps each moment once, in order, and no more than a day", () => {
  const time = fc.oneof(fc.nat(3000), fc.nat(2 * limits.telemetryHistoryMs));
  fc.assert(
    fc.property(fc.array(fc.array(time, { maxLength: 200 }), { maxLength: 8 }), (batches) => {
      const history = batches.reduce((all, times) => addReadings(all, readings(...new Set(times))), noReadings);
      const times = history.samples.map(({ atMs }) => atMs);
      expect(times).toEqual([...new Set(times)].toSorted((a, b) => a - b));
      expect(times.length).toBeLessThanOrEqual(keptSamples);
      expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeLessThanOrEqual(limits.telemetryHistoryMs);
      // Nothing that is fresh is thinned out.
      const all = batches.flat();
      const newestMs = Math.max(...all);
      const fresh = all.filter((atMs) => atMs >= newestMs - limits.historySlotMs);
      for (const atMs of fresh) expect(times).toContain(atMs);
    }),
  );
});

it("thins out what is older than some minutes to what unwatched servers send", () => {
  const seconds = Array.from({ length: 3600 }, (_, i) => i * 1000);
  const { samples } = seconds.reduce<Readings>((all, atMs) => addReadings(all, readings(atMs)), noReadings);
  expect(samples.length).toBeLessThan(360 + 3600 / 25 + 2);
  const spacing = samples.slice(1).map((after, i) => after.atMs - (samples[i]?.atMs ?? 0));
  expect(Math.max(...spacing)).toBeLessThanOrEqual(limits.sampleUnwatchedMs);
});

it("changes nothing for what it knows already", () => {
  const gap = { fromMs: 1, toMs: 2, reason: "tooOld" } as const;
  const history = addReadings({ samples: [sample(5)], gaps: [] }, { samples: [], gaps: [gap] });
  expect(addReadings(history, { samples: [sample(5)], gaps: [{ ...gap }] })).toBe(history);
});

it("works out rates from counters, and nothing when they started again", () => {
  expect(networkRates(sample(0, 100, 50), sample(2000, 300, 50))).toEqual({ received: 100, sent: 0 });
  expect(networkRates(sample(0, 100, 50), sample(2000, 10, 60))).toEqual({ received: null, sent: 5 });
  expect(networkRates(undefined, sample(1))).toEqual({ received: null, sent: null });
});
