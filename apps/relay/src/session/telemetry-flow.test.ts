import type { CompactReadings } from "@quarterdeck/core/protocol/compact-readings";
import { limits } from "@quarterdeck/core/protocol/limits";
import fc from "fast-check";
import { expect, test } from "vitest";
import { TelemetryFlow } from "./telemetry-flow.ts";

const at = (...times: number[]): CompactReadings => times.map((atMs) => ({ rows: [[atMs]] }));
const newestOf = (readings: CompactReadings) => readings.at(-1)?.rows[0]?.[0];
const newFlow = () => {
  let marks = 0;
  return new TelemetryFlow(() => ++marks);
};
const most = 2 * limits.framesPerCheckpoint;

test("a viewer that answers gets every sample", () => {
  const flow = newFlow();
  for (let atMs = 0; atMs < 500; atMs++) {
    const { readings, checkpoint } = flow.offer(at(atMs));
    expect(readings).toEqual(at(atMs));
    if (checkpoint !== null) flow.reached(checkpoint);
  }
});

test("[F9] one that does not answer gets so many frames, and what came last when it does", () => {
  const flow = newFlow();
  const steps = Array.from({ length: 500 }, (_, atMs) => flow.offer(at(atMs, atMs + 1)));
  expect(steps.filter(({ readings }) => readings.length > 0)).toHaveLength(most);
  const marks = steps.flatMap(({ checkpoint }) => checkpoint ?? []);
  expect(marks).toEqual([1]);
  expect(flow.reached(7).readings).toEqual([]);
  expect(flow.reached(1).readings).toEqual(at(499, 500));
});

test("[F9] whatever is answered, and when, no more than so many frames are unanswered, and the last sample arrives", () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 400 }), (moves) => {
      const flow = newFlow();
      let unanswered = 0;
      let newest = -1;
      let mark: { readonly number: number; readonly before: number } | null = null;
      const take = ({ readings, checkpoint }: ReturnType<TelemetryFlow["offer"]>) => {
        if (readings.length > 0) {
          unanswered++;
          newest = newestOf(readings) ?? newest;
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
        else take(flow.offer(at(atMs)));
      }
      for (let i = 0; i < 3; i++) answer();
      expect(newest).toBe(moves.lastIndexOf(false));
    }),
  );
});
