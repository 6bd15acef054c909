import { expect, it } from "vitest";
import { negotiate } from "./version.ts";

const v = (major: number, minor: number) => ({ major, minor });

it("uses the newest version that both speak (PROTOCOL 1.2)", () => {
  expect(negotiate({ min: v(1, 0), max: v(1, 4) }, { min: v(1, 2), max: v(2, 0) })).toEqual(v(1, 4));
  expect(negotiate({ min: v(1, 0), max: v(1, 0) }, { min: v(1, 0), max: v(1, 0) })).toEqual(v(1, 0));
});

it("[F11] finds none where the ranges do not meet", () => {
  expect(negotiate({ min: v(1, 0), max: v(1, 9) }, { min: v(2, 0), max: v(2, 1) })).toBeUndefined();
  expect(negotiate({ min: v(3, 0), max: v(3, 0) }, { min: v(2, 0), max: v(2, 1) })).toBeUndefined();
});
