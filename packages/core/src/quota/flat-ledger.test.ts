import fc from "fast-check";
import { expect, it } from "vitest";
import { FlatLedger } from "./flat-ledger.ts";
import { addResources, noResources, resourceNames, type Resources } from "./resources.ts";

const resources = fc.record({ cpu: fc.nat(8), memory: fc.nat(8), runs: fc.nat(3) });
const step = fc.oneof(
  fc.record({
    kind: fc.constant("reserve" as const),
    id: fc.integer({ min: 0, max: 9 }).map(String),
    demand: resources,
  }),
  fc.record({ kind: fc.constant("release" as const), id: fc.integer({ min: 0, max: 9 }).map(String) }),
  fc.record({ kind: fc.constant("limit" as const), limit: resources }),
);

it("never lets an increase end above the limit, and always equals the sum of what is held", () => {
  fc.assert(
    fc.property(resources, fc.array(step, { maxLength: 60 }), (limit, steps) => {
      const ledger = new FlatLedger(limit);
      const held = new Map<string, Resources>();
      for (const s of steps) {
        const before = ledger.reserved();
        if (s.kind === "limit") ledger.setLimit(s.limit);
        else if (s.kind === "release") expect(ledger.release(s.id)).toBe(held.delete(s.id));
        else if (ledger.reserve(s.id, s.demand).ok) {
          if (!held.has(s.id)) {
            for (const name of resourceNames) {
              if (s.demand[name] > 0) expect(ledger.reserved()[name]).toBeLessThanOrEqual(ledger.limit()[name]);
            }
          }
          held.set(s.id, s.demand);
        } else expect(ledger.reserved()).toEqual(before);
        expect(ledger.reserved()).toEqual([...held.values()].reduce(addResources, noResources));
      }
    }),
  );
});

it("takes the same reservation twice as one, and refuses the id with another demand", () => {
  const ledger = new FlatLedger({ cpu: 1000, memory: 100, runs: 2 });
  const demand = { cpu: 500, memory: 10, runs: 1 };
  expect(ledger.reserve("a", demand).ok).toBe(true);
  expect(ledger.reserve("a", demand).ok).toBe(true);
  expect(ledger.reserved()).toEqual(demand);
  expect(ledger.reserve("a", { ...demand, cpu: 1 })).toMatchObject({ ok: false, error: { code: "CONFLICT" } });
});

it("lets a run that asks for nothing through when everything is taken", () => {
  const ledger = new FlatLedger(noResources);
  expect(ledger.reserve("read", noResources).ok).toBe(true);
  expect(ledger.reserve("run", { cpu: 1, memory: 0, runs: 0 })).toMatchObject({ error: { code: "QUOTA_EXCEEDED" } });
});

it("refuses amounts that are no whole numbers", () => {
  const ledger = new FlatLedger({ cpu: 1000, memory: 100, runs: 2 });
  for (const bad of [-1, 0.5, Number.NaN, Infinity, 2 ** 53]) {
    expect(ledger.reserve("x", { cpu: bad, memory: 0, runs: 0 })).toMatchObject({ error: { code: "BAD_REQUEST" } });
  }
  expect(ledger.reserved()).toEqual(noResources);
});
