import type { Sample } from "@quarterdeck/core/protocol/telemetry";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chartData } from "./chart-data.ts";
import { findHoles, holesSince } from "./holes.ts";

const second = 1000;
const at = (...seconds: number[]) =>
  seconds.map((s) => ({ atMs: s * second, cpu: 1, cpuCapacity: 2, memoryUsed: 3, networkReceived: s }) as Sample);
const gapless = (...seconds: number[]) => findHoles({ samples: at(...seconds), gaps: [] });

describe("a hole", () => {
  it("is where a server that nobody watched sent nothing for more than two and a half intervals", () => {
    expect(gapless(0, 30, 60, 135, 165)).toEqual([]);
    expect(gapless(0, 30, 60, 136, 166)).toEqual([{ fromMs: 60_000, toMs: 136_000, reason: null }]);
  });

  it("is noticed within seconds while somebody watches", () => {
    expect(gapless(0, 1, 2, 4.5, 5.5)).toEqual([]);
    expect(gapless(0, 1, 2, 6, 7)).toEqual([{ fromMs: 2000, toMs: 6000, reason: null }]);
    // The change from watched to unwatched is none.
    expect(gapless(0, 1, 2, 32, 62, 63, 64)).toEqual([]);
  });

  it("has the reason that the bridge gave, also where it is short", () => {
    const gap = { fromMs: 60_000, toMs: 60_000, reason: "damaged" } as const;
    expect(findHoles({ samples: at(0, 30, 90, 120), gaps: [gap] })).toEqual([
      { fromMs: 30_000, toMs: 90_000, reason: "damaged" },
    ]);
  });

  it("is also before the first reading, when the bridge says that it dropped some", () => {
    const gap = { fromMs: 10_000, toMs: 80_000, reason: "tooOld" } as const;
    expect(findHoles({ samples: at(100, 130), gaps: [gap] })).toEqual([
      { fromMs: 10_000, toMs: 100_000, reason: "tooOld" },
    ]);
  });

  it("that began before what is shown is cut off there", () => {
    const holes = gapless(0, 100, 130, 230);
    expect(holesSince(holes, 50_000).map(({ fromMs }) => fromMs)).toEqual([50_000, 130_000]);
    expect(holesSince(holes, 100_000)).toHaveLength(1);
  });
});

it("breaks every line of a chart in every hole, and nowhere else", () => {
  const times = fc.uniqueArray(fc.integer({ min: 0, max: 2000 }), { minLength: 2, maxLength: 60 });
  fc.assert(
    fc.property(times, (seconds) => {
      const samples = at(...seconds.toSorted((a, b) => a - b));
      const holes = findHoles({ samples, gaps: [] });
      const data = chartData(samples, holes);
      const empty = data.times.filter((_, i) => data.memory[i] === null);
      expect(empty).toEqual(holes.map(({ fromMs, toMs }) => (fromMs + toMs) / 2000));
      expect(data.times).toEqual([...data.times].toSorted((a, b) => a - b));
    }),
  );
});
