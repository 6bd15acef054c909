import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { idPrefixes, idSchema, makeId, type IdKind } from "./ids.ts";

const kinds = Object.keys(idPrefixes) as IdKind[];
const randomBytes = fc.uint8Array({ minLength: 16, maxLength: 16 });

describe("ids", () => {
  it("sort by the time they were made", () => {
    fc.assert(
      fc.property(
        fc.nat(2 ** 40),
        fc.integer({ min: 1, max: 2 ** 30 }),
        randomBytes,
        randomBytes,
        (time, later, a, b) => {
          expect(makeId("run", time, a) < makeId("run", time + later, b)).toBe(true);
        },
      ),
    );
  });

  it("pass the schema of their own kind and of no other", () => {
    fc.assert(
      fc.property(fc.constantFrom(...kinds), fc.constantFrom(...kinds), randomBytes, (made, asked, random) => {
        expect(idSchema(asked).safeParse(makeId(made, 1, random)).success).toBe(made === asked);
      }),
    );
  });

  it("refuse what is not an id", () => {
    for (const bad of [
      "",
      "run_",
      "run_short",
      7,
      null,
      `run_${"u".repeat(26)}`,
      `run_${"0".repeat(27)}`,
      `run_${"0".repeat(26)}\n`,
    ]) {
      expect(idSchema("run").safeParse(bad).success).toBe(false);
    }
  });

  it("refuse a time or randomness that does not fit", () => {
    expect(() => makeId("run", -1, new Uint8Array(16))).toThrow(RangeError);
    expect(() => makeId("run", 2 ** 48, new Uint8Array(16))).toThrow(RangeError);
    expect(() => makeId("run", 0, new Uint8Array(15))).toThrow(RangeError);
  });
});
