import { expect, it } from "vitest";
import { defaultBurst, burstOf, burstSchema } from "./burst.ts";
import { defaultPresets, presetsSchema } from "./presets.ts";
import { bandwidthQuantity, bytesQuantity, cpuQuantity } from "./quantities/quantities.ts";
import { defaultRequestTiers, planNames, requestTiersSchema } from "./request-tiers.ts";

function words({ cpu, memory, disk, io, runs, services }: (typeof defaultPresets)["small"]) {
  const [memoryText, diskText, ioText] = [
    bytesQuantity.print(memory),
    bytesQuantity.print(disk),
    bandwidthQuantity.print(io),
  ];
  return [cpuQuantity.print(cpu), memoryText, diskText, ioText, runs, services];
}

it("has the presets of the design", () => {
  expect(Object.entries(defaultPresets).map(([name, preset]) => [name, ...words(preset)])).toEqual([
    ["starter", "1", "2Gi", "10Gi", "50 MB/s", 10, 5],
    ["small", "2", "4Gi", "50Gi", "100 MB/s", 20, 10],
    ["medium", "4", "8Gi", "100Gi", "200 MB/s", 50, 20],
    ["large", "8", "16Gi", "500Gi", "400 MB/s", 100, 50],
    ["xlarge", "16", "32Gi", "1Ti", "800 MB/s", 200, 100],
  ]);
});

it("has the request tiers of the design", () => {
  const rows = planNames.map((plan) => {
    const { cpu, memory, requestsPerMinute } = defaultRequestTiers[plan];
    return [plan, cpuQuantity.print(cpu), bytesQuantity.print(memory), requestsPerMinute];
  });
  expect(rows).toEqual([
    ["basic", "1", "512Mi", 100],
    ["premium", "2", "1Gi", 500],
    ["enterprise", "4", "4Gi", 2000],
  ]);
});

it("lets an operator edit presets and tiers, within their schemas", () => {
  expect(presetsSchema.parse(defaultPresets)).toEqual(defaultPresets);
  const own = { ...defaultPresets.small, cpu: 2500 };
  expect(presetsSchema.parse({ "own-2": own })).toEqual({ "own-2": own });
  for (const bad of [-1, 0.5, Number.NaN, Infinity, 2 ** 53, "1", null, undefined]) {
    expect(presetsSchema.safeParse({ own: { ...own, cpu: bad } }).success).toBe(false);
    const tiers = { ...defaultRequestTiers, basic: { ...defaultRequestTiers.basic, requestsPerMinute: bad } };
    expect(requestTiersSchema.safeParse(tiers).success).toBe(false);
  }
  for (const bad of ["", "Big", "2x", "a b", "x".repeat(33)]) {
    expect(presetsSchema.safeParse({ [bad]: own }).success).toBe(false);
  }
  expect(presetsSchema.safeParse({ ["x".repeat(32)]: own }).success).toBe(true);
  expect(presetsSchema.safeParse({}).success).toBe(false);
  expect(presetsSchema.safeParse({ own: { ...own, more: 1 } }).success).toBe(false);
  expect(requestTiersSchema.parse(defaultRequestTiers)).toEqual(defaultRequestTiers);
  expect(requestTiersSchema.safeParse({ basic: defaultRequestTiers.basic }).success).toBe(false);
  const none = { ...defaultRequestTiers, basic: { ...defaultRequestTiers.basic, requestsPerMinute: 0 } };
  expect(requestTiersSchema.safeParse(none).success).toBe(false);
});

it("lets a burst have one and a half of the cpu and a fifth more memory, rounded down", () => {
  expect(burstOf({ cpu: 1000, memory: 1001 }, defaultBurst)).toEqual({ cpu: 1500, memory: 1201 });
  expect(burstOf({ cpu: 0, memory: 0 }, defaultBurst)).toEqual({ cpu: 0, memory: 0 });
  expect(burstSchema.parse(defaultBurst)).toEqual(defaultBurst);
  expect(burstSchema.safeParse({ cpuPercent: 99, memoryPercent: 120 }).success).toBe(false);
  expect(burstSchema.safeParse({ cpuPercent: 150, memoryPercent: 1001 }).success).toBe(false);
});
