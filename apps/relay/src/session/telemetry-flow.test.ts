import { limits } from "@quarterdeck/core/protocol/limits";
import type { Sample } from "@quarterdeck/core/protocol/telemetry";
import fc from "fast-check";
import { expect, test } from "vitest";
import { TelemetryFlow } from "./telemetry-flow.ts";

const sampleAt = (atMs: number) => ({ atMs }) as Sample;
const newFlow = () => {
  let marks = 0;
  return new TelemetryFlow(() => ++marks);
};
const most = 2 * limits.framesPerCheckpoint;

test("a viewer that answers gets every sample", () => {
  const flow = newFlow();
  for (let atMs = 0; atMs < 500; atMs++) {
    const { samples, checkpoint } = flow.offer([sampleAt(atMs)]);
    expect(samples).toEqual([sampleAt(atMs)]);
    if (checkpoint !== null) flow.reached(checkpoint);
  }
});

test("[F9] one that does not answer gets so many frames, and the latest sample when it does", () => {
  const flow = newFlow();
  const steps = Array.from({ length: 500 }, (_, atMs) => flow.offer([sampleAt(atMs), sampleAt(atMs + 1)]));
  expect(steps.filter(({ samples }) => samples.length > 0)).toHaveLength(most);
  const marks = steps.flatMap(({ checkpoint }) => checkpoint ?? []);
  expect(marks).toEqual([1]);
  expect(flow.reached(7).samples).toEqual([]);
  expect(flow.reached(1).samples).toEqual([sampleAt(500)]);
});

test("[F9] whatever is answered, and when, no more than so many frames are unanswered, and the last sample arrives", () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 400 }), (moves) => {
      const flow = newFlow();
      let unanswered = 0;
      let newest = -1;
      let mark: { readonly number: number; readonly before: number } | null = null;
      const take = ({ samples, checkpoint }: ReturnType<TelemetryFlow["offer"]>) => {
        if (samples.length > 0) {
          unanswered++;
          newest = samples.at(-1)?.atMs ?? newest;
        }
        if (checkpoint !== null) mark = { number: checkpoint, before: unanswered };
        expect(unanswered).toBeLessThanOrEqual(most);
      };
      const answer = () => {
        if (mark === null) return;
        const { number, before } = mark;
        mark = null;
        unanswered -= before;
        take(flow.reached(number));
      };
      for (const [atMs, isAnswer] of moves.entries()) {
        if (isAnswer) answer();
        else take(flow.offer([sampleAt(atMs)]));
      }
      for (let i = 0; i < 3; i++) answer();
      expect(newest).toBe(moves.lastIndexOf(false));
    }),
  );
});
