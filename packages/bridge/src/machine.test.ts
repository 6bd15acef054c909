import { gibibyte, mebibyte } from "@quarterdeck/core/units";
import { expect, it } from "vitest";
import { offeredCapacity } from "./machine.ts";

it("keeps a twentieth of the machine, and at least what the system and the bridge need, from runs", () => {
  expect(offeredCapacity({ cpu: 16_000, memory: 64 * gibibyte, runs: 32 })).toEqual({
    cpu: 15_200,
    memory: 64 * gibibyte - Math.ceil(64 * gibibyte * 0.05),
    runs: 32,
  });
  expect(offeredCapacity({ cpu: 1000, memory: gibibyte, runs: 4 })).toEqual({
    cpu: 950,
    memory: gibibyte - 256 * mebibyte,
    runs: 4,
  });
});

it("offers half of the memory of a very small machine", () => {
  expect(offeredCapacity({ cpu: 1000, memory: 256 * mebibyte, runs: 4 }).memory).toBe(128 * mebibyte);
});
