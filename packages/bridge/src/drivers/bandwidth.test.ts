import { expect, it } from "vitest";
import { parseTokenBucket, tokenBucket } from "./bandwidth.ts";

it("says a bandwidth as tc takes it, with room for a packet in the slowest", () => {
  expect(tokenBucket(1_000_000)).toEqual(["tbf", "rate", "8000000bit", "burst", "16384", "latency", "50ms"]);
  expect(tokenBucket(100_000_000)).toContain("1000000");
});

it("reads the bandwidth of an interface back", () => {
  const answer = '[{"kind":"tbf","handle":"8001:","root":true,"options":{"rate":1000000,"burst":16384,"lat":50000}}]';
  expect(parseTokenBucket(answer)).toBe(1_000_000);
  expect(parseTokenBucket('[{"kind":"noqueue","handle":"0:","root":true,"options":{}}]')).toBeNull();
  expect(parseTokenBucket("[]")).toBeNull();
});
