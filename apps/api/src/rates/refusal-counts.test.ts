import { hourMs, minuteMs } from "@quarterdeck/core/units";
import { expect, test } from "vitest";
import { RefusalCounts } from "./refusal-counts.ts";

test("what is older than an hour counts no more, and each key has its own", () => {
  const counts = new RefusalCounts();
  expect(counts.count("a", 0)).toBe(0);
  for (const atMs of [0, 1, minuteMs, 59 * minuteMs]) counts.add("a", atMs);
  counts.add("b", 0);
  expect(counts.count("a", 59 * minuteMs)).toBe(4);
  expect(counts.count("a", hourMs)).toBe(2);
  counts.add("a", hourMs); // In the place of the first minute.
  expect(counts.count("a", hourMs)).toBe(3);
  expect(counts.count("a", 2 * hourMs)).toBe(0);
  expect(counts.count("b", 0)).toBe(1);
});

test("of too many keys the one that was refused something longest ago is forgotten", () => {
  const counts = new RefusalCounts();
  for (let n = 0; n < 10_000; n++) counts.add(`key ${n}`, n);
  counts.add("key 0", 10_000);
  counts.add("one more", 10_000);
  expect(["key 0", "key 1", "key 2", "one more"].map((key) => counts.count(key, 10_000))).toEqual([2, 0, 1, 1]);
});
