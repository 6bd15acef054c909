import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FairGrants, type Grant } from "./fair-grants.ts";
import { burstOf, TokenBucket } from "./token-bucket.ts";

const workspace = "ws";
/** Connections of two projects of one workspace, by what they ask for each time. */
const connections = fc.array(
  fc.record({ project: fc.constantFrom("p1", "p2"), bytes: fc.integer({ min: 500, max: 200_000 }) }),
  { minLength: 1, maxLength: 6 },
);
const rate = fc.integer({ min: 1, max: 2_000_000 });
const size = fc.integer({ min: 500, max: 200_000 });
const rates = fc.record({ ws: rate, p1: fc.option(rate), p2: fc.option(rate) });

interface Passed extends Grant {
  readonly atMs: number;
}

/** Connections that want more all the time, for a while of virtual time; `steps` are the moments at which somebody looks. */
function transfer(
  limits: Readonly<Record<string, number | null>>,
  asked: readonly { readonly project: string; readonly bytes: number }[],
  { untilMs, steps }: { untilMs: number; steps: readonly number[] },
): Passed[] {
  const grants = new FairGrants();
  for (const [node, limit] of Object.entries(limits)) grants.setRate(node, limit, { nowMs: 0 });
  const ask = (index: number) => {
    const { project, bytes } = asked[index]!;
    grants.ask({ id: String(index), nodes: [project, workspace], bytes });
  };
  asked.forEach((_, index) => ask(index));
  const passed: Passed[] = [];
  let step = 0;
  for (let nowMs = 0; nowMs < untilMs; ) {
    for (let granted = grants.grants(nowMs); granted.length > 0; granted = grants.grants(nowMs)) {
      for (const grant of granted) {
        passed.push({ ...grant, atMs: nowMs });
        ask(Number(grant.id));
      }
    }
    const waitMs = grants.waitMs(nowMs);
    if (waitMs === Number.POSITIVE_INFINITY) break;
    nowMs += Math.max(1, waitMs, steps[step++ % steps.length] ?? 1);
  }
  return passed;
}

const steps = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 5 });

describe("bandwidth that is granted", () => {
  it("is never more than the rate times the time and one burst, in any window, of any node", () => {
    fc.assert(
      fc.property(rates, connections, steps, (limits, asked, looks) => {
        const passed = transfer(limits, asked, { untilMs: 2000, steps: looks });
        for (const [node, limit] of Object.entries(limits)) {
          if (limit === null) continue;
          const own = passed.filter(({ id }) => node === workspace || asked[Number(id)]!.project === node);
          for (let from = 0; from < own.length; from += 1 + Math.floor(own.length / 40)) {
            let bytes = 0;
            for (const { atMs, bytes: more } of own.slice(from)) {
              bytes += more;
              const most = burstOf(limit) + (limit * (atMs - own[from]!.atMs)) / 1000;
              expect(bytes).toBeLessThanOrEqual(most + 1e-6);
            }
          }
        }
      }),
    );
  });

  it("is used up where somebody always wants more: a limit is no more than it says, and no less", () => {
    fc.assert(
      fc.property(fc.integer({ min: 20_000, max: 2_000_000 }), connections, (limit, asked) => {
        const passed = transfer({ ws: limit }, asked, { untilMs: 2000, steps: [1] });
        const sum = passed.reduce((all, { bytes }) => all + bytes, 0);
        expect(sum).toBeGreaterThanOrEqual(limit * 2 * 0.95);
      }),
    );
  });

  it("starves nobody: of two that always want more neither waits for more than a turn of the other", () => {
    fc.assert(
      fc.property(rate, fc.tuple(size, size), (limit, [one, two]) => {
        const asked = [
          { project: "p1", bytes: one },
          { project: "p2", bytes: two },
        ];
        const turns = transfer({ ws: limit }, asked, { untilMs: 2000, steps: [1] }).map(({ id }) => id);
        for (let at = 2; at < turns.length; at++) expect(new Set(turns.slice(at - 2, at + 1)).size).toBe(2);
      }),
    );
  });

  it("is shared alike by connections that want as much", () => {
    const asked = Array.from({ length: 4 }, () => ({ project: "p1", bytes: 65_536 }));
    const passed = transfer({ p1: 1_000_000 }, asked, { untilMs: 30_000, steps: [1] });
    const each = asked.map((_, index) =>
      passed.filter(({ id }) => Number(id) === index).reduce((all, { bytes }) => all + bytes, 0),
    );
    expect(Math.max(...each) - Math.min(...each)).toBeLessThanOrEqual(65_536);
  });

  it("holds up nobody in another project, and none at all where there is no limit", () => {
    const grants = new FairGrants();
    grants.setRate("p1", 1000, { nowMs: 0, isFull: false });
    grants.ask({ id: "slow", nodes: ["p1", workspace], bytes: 1000 });
    grants.ask({ id: "free", nodes: ["p2", workspace], bytes: 50_000 });
    expect(grants.grants(0)).toEqual([{ id: "free", bytes: 50_000 }]);
    expect(grants.waitMs(0)).toBe(1000);
    expect(grants.grants(999)).toEqual([]);
    expect(grants.grants(1000)).toEqual([{ id: "slow", bytes: 1000 }]);
  });

  it("waits for a large piece until there is room, and small ones do not pass it for ever", () => {
    const grants = new FairGrants();
    grants.setRate(workspace, 100_000, { nowMs: 0, isFull: false });
    grants.ask({ id: "large", nodes: ["p1", workspace], bytes: 25_000 });
    for (let nowMs = 0; nowMs < 250; nowMs += 10) {
      grants.ask({ id: `small ${nowMs}`, nodes: ["p2", workspace], bytes: 100 });
      expect(grants.grants(nowMs)).toEqual([]);
    }
    expect(grants.grants(250)).toContainEqual({ id: "large", bytes: 25_000 });
  });

  it("is nothing at a rate of zero, and whoever left is granted nothing", () => {
    const grants = new FairGrants();
    grants.setRate("p1", 0, { nowMs: 0 });
    grants.ask({ id: "a", nodes: ["p1"], bytes: 1 });
    expect(grants.grants(1e9)).toEqual([]);
    expect(grants.waitMs(1e9)).toBe(Number.POSITIVE_INFINITY);
    grants.setRate("p1", null, { nowMs: 1e9 });
    grants.leave("a");
    expect(grants.grants(1e9)).toEqual([]);
  });
});

it("gives no second burst to a bucket that takes over, nor to a rate that is set again and again", () => {
  expect(new TokenBucket(1e6, { nowMs: 0, isFull: false }).has(1, 0)).toBe(false);
  fc.assert(
    fc.property(fc.array(rate, { minLength: 1, maxLength: 20 }), (changes) => {
      const bucket = new TokenBucket(changes[0]!, { nowMs: 0, isFull: true });
      let most = burstOf(changes[0]!);
      for (const next of changes) {
        bucket.setRate(next, 0);
        most = Math.min(most, burstOf(next));
        expect(bucket.has(most + 1, 0)).toBe(false);
      }
    }),
  );
});
