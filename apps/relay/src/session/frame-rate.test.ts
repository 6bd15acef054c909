import { limits } from "@quarterdeck/core/protocol/limits";
import fc from "fast-check";
import { expect, test } from "vitest";
import { sealedOverheadBytes } from "@quarterdeck/core/protocol/content-format";
import { toBase64 } from "@quarterdeck/core/base64";
import { fullBucket, isUnpaid, takeFrames, type FrameBucket } from "./frame-rate.ts";

const sealedOf = (clearBytes: number) => toBase64(new Uint8Array(clearBytes + sealedOverheadBytes));

test("[W1] no more frames come through than the burst and the rate add up to", () => {
  const waits = fc.array(fc.nat(400), { maxLength: 600 });
  fc.assert(
    fc.property(waits, (delaysMs) => {
      let bucket: FrameBucket = fullBucket(0);
      const admittedMs: number[] = [];
      let nowMs = 0;
      for (const delayMs of delaysMs) {
        nowMs += delayMs % 10 === 0 ? delayMs : 0;
        const next = takeFrames(bucket, nowMs, 1);
        if (!next) continue;
        bucket = next;
        admittedMs.push(nowMs);
      }
      const most = (spanMs: number) => limits.controlFramesBurst + (spanMs / 1000) * limits.controlFramesPerSecond;
      admittedMs.forEach((endMs, index) => {
        expect(index + 1).toBeLessThanOrEqual(most(endMs) + 1e-6);
      });
    }),
  );
});

test("a connection at the average rate is never stopped, whatever it did before", () => {
  let bucket: FrameBucket = { left: 0, atMs: 0 };
  for (let count = 1; count <= 1000; count++) {
    const next = takeFrames(bucket, count * (1000 / limits.controlFramesPerSecond), 1);
    expect(next).toBeDefined();
    bucket = next as FrameBucket;
  }
});

test("[F7] a clock that steps back earns nothing", () => {
  expect(takeFrames({ left: 0, atMs: 10_000 }, 0, 1)).toBeUndefined();
});

test("what credit bounds is not counted, what repeats is", () => {
  const known = () => ({ commandsAcknowledged: 5, resultsReceived: 5 });
  const ack = (through: number) => isUnpaid({ type: "ack", epoch: 1, stream: "commands", through }, known);
  expect([ack(5), ack(6)]).toEqual([true, false]);
  const results = (...seqs: number[]) => {
    const items = seqs.map((seq) => ({ seq, signed: "", signature: "" }));
    return isUnpaid({ type: "results", epoch: 1, items }, known);
  };
  expect([results(4, 5), results(5, 6)]).toEqual([true, false]);
  const output = { type: "output", epoch: 1, runId: "run_a" as never, offset: 0, isEnd: false } as const;
  expect([
    isUnpaid({ ...output, data: sealedOf(0) }, known),
    isUnpaid({ ...output, data: sealedOf(2) }, known),
  ]).toEqual([true, false]);
  expect(isUnpaid({ type: "telemetry", epoch: 1, readings: [] }, known)).toBe(true);
});
