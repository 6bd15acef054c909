import fc from "fast-check";
import { expect, it } from "vitest";
import { defaultLifecycleFactors, lifecycleFactorsSchema, lifecycleStates, scaleLimits } from "./lifecycle.ts";
import { defaultPresets } from "./presets.ts";

const limits = fc.record({ cpu: fc.maxSafeNat(), disk: fc.maxSafeNat(), runs: fc.nat(20) });
const percent = fc.integer({ min: 0, max: 100 });
const factors = fc.record({ runningPercent: percent, storagePercent: percent });

it("has the factors of the design, and keeps the storage in each state", () => {
  const { starter } = defaultPresets;
  expect(lifecycleStates.map((state) => scaleLimits(starter, defaultLifecycleFactors[state]))).toEqual([
    starter,
    { cpu: 500, memory: starter.memory / 2, disk: starter.disk, io: starter.io / 2, runs: 5, services: 2 },
    {
      cpu: 100,
      memory: Math.floor(starter.memory / 10),
      disk: starter.disk,
      io: starter.io / 10,
      runs: 1,
      services: 1,
    },
    { cpu: 0, memory: 0, disk: starter.disk, io: 0, runs: 0, services: 0 },
  ]);
  expect(lifecycleFactorsSchema.parse(defaultLifecycleFactors)).toEqual(defaultLifecycleFactors);
});

it("never raises a limit, and takes all of it only where the factor is zero", () => {
  fc.assert(
    fc.property(limits, factors, (before, factor) => {
      const after = scaleLimits(before, factor);
      for (const name of ["cpu", "disk", "runs"] as const) {
        const share = name === "disk" ? factor.storagePercent : factor.runningPercent;
        const exact = (BigInt(before[name]) * BigInt(share)) / 100n;
        expect(after[name]).toBeLessThanOrEqual(before[name]);
        expect(after[name] === 0).toBe(before[name] === 0 || share === 0);
        expect(BigInt(after[name])).toBe(exact === 0n && after[name] > 0 ? 1n : exact);
      }
    }),
  );
});

it("gives more where the factor is higher", () => {
  fc.assert(
    fc.property(limits, factors, percent, (before, factor, more) => {
      const higher = { ...factor, runningPercent: Math.min(100, factor.runningPercent + more) };
      expect(scaleLimits(before, higher).cpu).toBeGreaterThanOrEqual(scaleLimits(before, factor).cpu);
    }),
  );
});

it("scales only the limits that there are, and refuses those that are no amounts", () => {
  const half = { runningPercent: 50, storagePercent: 50 };
  expect(scaleLimits({ runs: 3 }, half)).toEqual({ runs: 1 });
  for (const bad of [-1, 0.5, Number.NaN, Infinity]) expect(() => scaleLimits({ cpu: bad }, half)).toThrow(RangeError);
  expect(lifecycleFactorsSchema.safeParse({ ...defaultLifecycleFactors, active: half }).success).toBe(true);
  for (const bad of [-1, 0.5, 101, Number.NaN]) {
    const active = { runningPercent: bad, storagePercent: 50 };
    expect(lifecycleFactorsSchema.safeParse({ ...defaultLifecycleFactors, active }).success).toBe(false);
  }
});
