import { expect, it } from "vitest";
import { printLimit, readLimits, resourcesOf } from "./limit-fields.ts";

it("reads what people write, and changes only what they touched", () => {
  const limits = { cpu: 2000, memory: 2 ** 30, runs: 5 };
  const texts = { cpu: "500m", memory: "1Gi", runs: "", disk: "10 GiB", io: "20 MB/s", projects: "3" };
  expect(readLimits(limits, texts)).toEqual({
    change: { cpu: 500, runs: null, disk: 10 * 2 ** 30, io: 20_000_000, projects: 3 },
    errors: {},
  });
  expect(readLimits(limits, { cpu: "2.0", memory: " 1024 MiB ", runs: "5" })).toEqual({ change: {}, errors: {} });
});

it("says what is wrong with each field", () => {
  const { change, errors } = readLimits({}, { cpu: "-1", memory: "5 apples", runs: "2.5", bandwidth: "10" });
  expect(change).toEqual({});
  expect(Object.keys(errors)).toEqual(["cpu", "memory", "runs", "bandwidth"]);
  expect(errors.runs).toBe('runs "2.5": write a whole number, like 5.');
});

it("prints what it reads as the same", () => {
  expect([
    printLimit("cpu", 1500),
    printLimit("memory", 2 ** 31),
    printLimit("runs", 7),
    printLimit("disk", undefined),
  ]).toEqual(["1.5", "2Gi", "7", ""]);
});

it("asks for no limit where it makes no sense", () => {
  expect(resourcesOf("org")).toContain("servers");
  expect(resourcesOf("workspace")).not.toContain("servers");
  expect(resourcesOf("project")).not.toContain("projects");
});
