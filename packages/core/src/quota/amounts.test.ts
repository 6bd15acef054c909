import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isSameVector, mostHeld, noLimit, ResourceList } from "./amounts.ts";

const list = new ResourceList(["cpu", "memory", "runs"]);
const amount = fc.maxSafeNat();
const bad = [-1, 0.5, Number.NaN, Infinity, -Infinity, mostHeld + 1, -Number.MIN_VALUE];

describe("a list of resources", () => {
  it("needs names, each once", () => {
    expect(() => new ResourceList([])).toThrow("different names");
    expect(() => new ResourceList(["cpu", "cpu"])).toThrow("different names");
    expect(list.names).toEqual(["cpu", "memory", "runs"]);
  });

  it("keeps the order of its names, whatever the order of the amounts", () => {
    expect(list.vector({ runs: 3, cpu: 1 })).toEqual({ ok: true, value: Float64Array.of(1, 0, 3) });
    expect(list.limits({ memory: 2 })).toEqual({ ok: true, value: Float64Array.of(noLimit, 2, noLimit) });
    const unsaid = { cpu: undefined } as unknown as { cpu: number };
    expect(list.vector(unsaid)).toEqual({ ok: true, value: Float64Array.of(0, 0, 0) });
    expect(list.limits(unsaid)).toEqual({ ok: true, value: Float64Array.of(noLimit, noLimit, noLimit) });
  });

  it("gives back the amounts that came in", () => {
    fc.assert(
      fc.property(fc.record({ cpu: amount, memory: amount, runs: amount }), (amounts) => {
        const vector = list.vector(amounts);
        expect(vector.ok && list.amounts(vector.value)).toEqual(amounts);
        const limits = list.limits(amounts);
        expect(limits.ok && list.amounts(limits.value)).toEqual(amounts);
      }),
    );
    expect(list.amounts(Float64Array.of(noLimit, 0, 7))).toEqual({ memory: 0, runs: 7 });
  });

  it.each(bad)("refuses %s as an amount and says of which resource", (value) => {
    const refusal = {
      ok: false,
      error: {
        code: "BAD_REQUEST",
        message: `memory must be a whole number from 0 to 9007199254740991, not ${value}`,
      },
    };
    expect(list.vector({ cpu: 1, memory: value })).toEqual(refusal);
    expect(list.limits({ memory: value })).toEqual(refusal);
    expect(list.checkVector(Float64Array.of(1, value, 0))).toEqual(refusal);
  });

  it("takes the largest and the smallest amount, and a zero of either sign as zero", () => {
    expect(list.vector({ cpu: mostHeld, memory: 0 }).ok).toBe(true);
    const zero = list.vector({ cpu: -0 });
    expect(zero.ok && Object.is(zero.value[0], 0)).toBe(true);
  });

  it("refuses an unknown resource and names those that there are", () => {
    for (const name of ["gpu", "__proto__", "constructor", ""]) {
      const amounts = Object.fromEntries([[name, 1]]);
      expect(list.vector(amounts)).toEqual({
        ok: false,
        error: { code: "BAD_REQUEST", message: `there is no resource ${name}; there are cpu, memory, runs` },
      });
      expect(list.limits(amounts).ok).toBe(false);
    }
  });

  it("checks vectors that somebody else made", () => {
    const vector = Float64Array.of(0, mostHeld, 1);
    expect(list.checkVector(vector)).toEqual({ ok: true, value: vector });
    for (const length of [2, 4]) {
      expect(list.checkVector(new Float64Array(length))).toEqual({
        ok: false,
        error: { code: "BAD_REQUEST", message: `${length} amounts were given; there are 3 resources` },
      });
    }
    const limits = Float64Array.of(noLimit, 0, 1);
    expect(list.checkLimits(limits)).toEqual({ ok: true, value: limits });
    for (const value of bad.filter((each) => each !== noLimit)) {
      expect(list.checkLimits(Float64Array.of(noLimit, value, 1)).ok).toBe(false);
    }
  });
});

it("two vectors are the same when each amount is", () => {
  expect(isSameVector(Float64Array.of(1, 2), Float64Array.of(1, 2))).toBe(true);
  expect(isSameVector(Float64Array.of(1, 2), Float64Array.of(1, 3))).toBe(false);
  expect(isSameVector(Float64Array.of(1, 2), Float64Array.of(3, 2))).toBe(false);
  expect(isSameVector(Float64Array.of(1, 2), Float64Array.of(1))).toBe(false);
  expect(isSameVector(Float64Array.of(1), Float64Array.of(1, 2))).toBe(false);
});
