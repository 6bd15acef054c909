import { limits } from "@quarterdeck/core/protocol/limits";
import fc from "fast-check";
import { expect, test } from "vitest";
import { batchText, FrameGatherer } from "./frame-gatherer.ts";

test("a frame that comes alone goes at once; what follows within a moment goes together", () => {
  const gatherer = new FrameGatherer();
  expect(gatherer.offer("a", 1000)).toEqual([["a"]]);
  expect(gatherer.isHolding).toBe(false);
  expect(gatherer.offer("b", 1001)).toEqual([]);
  expect(gatherer.offer("c", 1003)).toEqual([]);
  expect(gatherer.isHolding).toBe(true);
  expect(gatherer.take(1005)).toEqual([["b", "c"]]);
  expect(gatherer.offer("d", 1006)).toEqual([]);
  expect(gatherer.take(1009)).toEqual([["d"]]);
  expect(gatherer.offer("e", 1009 + limits.batchGatherMs)).toEqual([["e"]]);
});

test("an echo of what a viewer typed waits for nothing", () => {
  const gatherer = new FrameGatherer();
  for (let key = 0; key < 10; key++) {
    gatherer.expectAnswer();
    expect(gatherer.offer(`echo ${key}`, 1000)).toEqual([[`echo ${key}`]]);
  }
  // What is held comes first.
  gatherer.offer("burst", 1000);
  gatherer.expectAnswer();
  expect(gatherer.offer("echo", 1000)).toEqual([]);
  expect(gatherer.take(1001)).toEqual([["burst", "echo"]]);
});

test("[F7] a clock that steps back holds nothing back for long", () => {
  const gatherer = new FrameGatherer();
  gatherer.offer("a", 1_000_000);
  expect(gatherer.offer("b", 5)).toEqual([["b"]]);
});

test("[F9] every frame goes out once and in order, and no message grows beyond its bounds", () => {
  const steps = fc.array(fc.record({ waitMs: fc.nat(6), length: fc.nat(90_000), isTaken: fc.boolean() }), {
    maxLength: 150,
  });
  fc.assert(
    fc.property(steps, (script) => {
      const gatherer = new FrameGatherer();
      const groups: string[][] = [];
      const offered: string[] = [];
      let nowMs = 0;
      for (const [index, { waitMs, length, isTaken }] of script.entries()) {
        nowMs += waitMs;
        const text = `${index}:`.padEnd(length, "x");
        offered.push(text);
        groups.push(...gatherer.offer(text, nowMs));
        if (isTaken) groups.push(...gatherer.take(nowMs));
      }
      groups.push(...gatherer.take(nowMs));
      expect(groups.flat().join("|") === offered.join("|")).toBe(true);
      for (const group of groups) {
        expect(group.length).toBeLessThanOrEqual(limits.batchFrames);
        expect(batchText(group).length).toBeLessThanOrEqual(limits.batchLength + 100);
      }
    }),
    { numRuns: 30 },
  );
});
