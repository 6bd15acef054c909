import fc from "fast-check";
import { expect, it } from "vitest";
import { ElapsedClock } from "./elapsed-clock.ts";

it("counts the steps forward and no others", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(1_000_000_000_000), { minLength: 1 }), (readings) => {
      const clock = new ElapsedClock();
      let elapsedUs = 0;
      let last = readings[0] ?? 0;
      for (const reading of readings) {
        elapsedUs += Math.max(0, reading - last) * 1000;
        last = reading;
        expect(clock.advance(reading)).toBe(elapsedUs);
      }
    }),
  );
});

it("counts whole microseconds, and stands still after 142 years of steps", () => {
  const clock = new ElapsedClock();
  expect(clock.advance(0.0019)).toBe(0);
  expect(clock.advance(0.0021)).toBe(1);
  const farthestMs = 2 ** 52 / 1000;
  expect(clock.advance(farthestMs)).toBe(2 ** 52 - 1);
  clock.advance(0);
  expect(clock.advance(10)).toBe(2 ** 52);
});

it.each([-1, Number.NaN, Infinity, -Infinity, 2 ** 52])("refuses %d", (bad) => {
  expect(() => new ElapsedClock().advance(bad)).toThrow(RangeError);
});
