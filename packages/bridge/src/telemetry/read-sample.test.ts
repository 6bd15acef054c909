import { sampleSchema } from "@quarterdeck/core/protocol/telemetry";
import { expect, it } from "vitest";
import { parseCpuTimes, parseMemory, parseNetwork, SampleReader } from "./read-sample.ts";

it("reads processor time of all cores", () => {
  expect(parseCpuTimes("cpu  10 5 5 70 10 0 0 0 3 0\ncpu0 5 0 0 0\ncpu1 5 0 0 0\nintr 1\n")).toEqual({
    busy: 20,
    total: 100,
    cores: 2,
  });
});

it("reads memory in bytes", () => {
  expect(parseMemory("MemTotal:  2 kB\nMemFree: 1 kB\nMemAvailable:   1 kB\n")).toEqual({
    totalBytes: 2048,
    availableBytes: 1024,
  });
});

it("adds up the network without the loopback", () => {
  const text = "head\nhead\n    lo: 9 0 0 0 0 0 0 0 9 0\n  eth0: 10 1 0 0 0 0 0 0 20 1\n  eth1:5 1 0 0 0 0 0 0 6 1\n";
  expect(parseNetwork(text)).toEqual({ receivedBytes: 15, sentBytes: 26 });
});

it("reads this machine into a sample that the protocol takes", () => {
  expect(sampleSchema.safeParse(new SampleReader("/").read(1, 0)).error).toBeUndefined();
});
