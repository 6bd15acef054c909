import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { effectiveLimits, smallest } from "./effective-limits.ts";
import { defaultLifecycleFactors, lifecycleStates } from "./lifecycle.ts";

const names = ["cpu", "memory", "disk"] as const;
const limits = fc.record({
  cpu: fc.option(fc.maxSafeNat()),
  memory: fc.option(fc.maxSafeNat()),
  disk: fc.option(fc.maxSafeNat()),
});

describe("the limits that hold in a state", () => {
  it("are a node's own while it is active, and a share of them otherwise; the disk stays", () => {
    const own = { cpu: 1001, memory: 5, disk: 7 };
    const of = (state: (typeof lifecycleStates)[number]) =>
      effectiveLimits(names, { own, above: [], factor: defaultLifecycleFactors[state] });
    expect(of("active")).toEqual(own);
    expect(of("maintenance")).toEqual({ cpu: 500, memory: 2, disk: 7 });
    expect(of("suspended")).toEqual({ cpu: 100, memory: 1, disk: 7 });
    expect(of("archived")).toEqual({ cpu: 0, memory: 0, disk: 7 });
  });

  it("are a share of the smallest above where a scaled node has none, and nothing for an archived one wherever it is", () => {
    const above = [{ cpu: 4000, memory: null }, { cpu: 3000 }];
    const of = (state: (typeof lifecycleStates)[number]) =>
      effectiveLimits(names, { own: {}, above, factor: defaultLifecycleFactors[state] });
    expect(of("active")).toEqual({ cpu: null, memory: null, disk: null });
    expect(of("maintenance")).toEqual({ cpu: 1500, memory: null, disk: null });
    expect(of("archived")).toEqual({ cpu: 0, memory: 0, disk: null });
  });

  it("never grow from one state to the next", () => {
    fc.assert(
      fc.property(limits, fc.array(limits, { maxLength: 2 }), (own, above) => {
        const inStates = lifecycleStates.map((state) =>
          effectiveLimits(names, { own, above, factor: defaultLifecycleFactors[state] }),
        );
        for (const name of names) {
          const amounts = inStates.map((of) => of[name] ?? Number.POSITIVE_INFINITY);
          expect(amounts).toEqual(amounts.toSorted((a, b) => b - a));
        }
      }),
    );
  });

  it("have a smallest among those that are set", () => {
    expect(smallest([null, 3, undefined, 2])).toBe(2);
    expect(smallest([null, undefined])).toBeNull();
    expect(smallest([0, 5])).toBe(0);
  });
});
