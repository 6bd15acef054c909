import { gibibyte, mebibyte } from "@quarterdeck/core/units";
import fc from "fast-check";
import { expect, it } from "vitest";
import { runLimits } from "./run-limits.ts";

it("gives a run half as much cpu and a fifth of memory more than it asked for", () => {
  expect(runLimits({ cpu: 1000, memory: 500 * mebibyte })).toEqual({
    promisedCpu: 1000,
    cpu: 1500,
    memoryHigh: 584 * mebibyte,
    memoryMax: 600 * mebibyte,
    tasks: 512,
  });
});

it("slows a run down only where it asked for no more, and never for longer than some seconds", () => {
  fc.assert(
    fc.property(fc.integer({ min: 32 * mebibyte, max: 256 * gibibyte }), (memory) => {
      const { memoryHigh, memoryMax } = runLimits({ cpu: 1, memory });
      expect(memoryHigh).toBeGreaterThanOrEqual(memory);
      expect(memoryHigh).toBeLessThan(memoryMax);
      // The kernel waits 64 s times the square of the share above, for each 256 KiB (mem_cgroup_handle_over_high).
      const share = (memoryMax - memoryHigh) / memoryHigh;
      const seconds = (memoryHigh / (256 * 1024)) * (64 / 3) * share ** 3;
      expect(seconds).toBeLessThan(6.1);
    }),
    // Where the two rules meet it is slowed down the longest.
    { seed: 20, examples: [[Math.ceil((256 * mebibyte) / 1.2)]] },
  );
});
