import fc from "fast-check";
import { expect, it } from "vitest";
import {
  compactReadingsSchema,
  countReadings,
  decodeReadings,
  encodeReadings,
  firstReadings,
  type CompactReadings,
} from "./compact-readings.ts";
import { limits } from "./limits.ts";
import type { Sample } from "./telemetry.ts";

const count = fc.maxSafeNat();
const server = fc.record({
  atMs: count,
  cpu: count,
  cpuCapacity: count,
  memoryUsed: count,
  memoryTotal: count,
  diskUsed: count,
  diskTotal: count,
  networkReceived: count,
  networkSent: count,
  load1: fc.nat({ max: 100_000_000 }).map((hundredths) => hundredths / 100),
  runs: count,
});
const pressure = fc.record({ cpu: count, memory: count, io: count });
const readings: fc.Arbitrary<Sample> = fc.oneof(
  server,
  fc.tuple(server, pressure).map(([one, of]) => ({ ...one, pressure: of })),
);

function onTheWire(compact: CompactReadings): CompactReadings {
  return compactReadingsSchema.parse(JSON.parse(JSON.stringify(compact)));
}

it("gives back every reading, whatever changes between them", () => {
  fc.assert(
    fc.property(fc.array(readings, { maxLength: 12 }), (sent) => {
      const compact = encodeReadings(sent);
      expect(decodeReadings(onTheWire(compact))).toEqual(sent);
      expect(countReadings(compact)).toBe(sent.length);
    }),
  );
});

it("makes groups that each fit a frame, and no more than it needs", () => {
  const [one] = fc.sample(server, { numRuns: 1, seed: 3 }) as [Sample];
  const many = Array.from({ length: 3 * limits.historySamplesPerFrame }, (_, i) => ({ ...one, atMs: i }));
  const groups = encodeReadings(many);
  expect(groups).toHaveLength(3);
  expect(groups.map((group) => compactReadingsSchema.safeParse([group]).success)).toEqual([true, true, true]);
  expect(compactReadingsSchema.safeParse(groups).success).toBe(false);
  expect(decodeReadings(groups)).toEqual(many);
});

it("[W1] what has other numbers than its projects need, or ends below zero or beyond what can be counted, is refused", () => {
  const [one, two] = fc.sample(server, { numRuns: 2, seed: 7 }) as [Sample, Sample];
  const [group] = encodeReadings([one, two]);
  if (!group) throw new Error("no group");
  const [first = [], second = []] = group.rows;
  const isTaken = (changed: object) => compactReadingsSchema.safeParse([{ ...group, ...changed }]).success;
  expect(isTaken({})).toBe(true);
  const wrong = {
    "no rows": { rows: [] },
    "an empty row": { rows: [[]] },
    "a number too few": { rows: [first.slice(1)] },
    "a number too many later": { rows: [first, [...second, 0]] },
    "pressure without a word of it": { rows: [[...first, 1, 2, 3]] },
    "a word of pressure without it": { pressure: true },
    "a word that it has none": { pressure: false },
    "projects of no workspace": { projects: "00000000", rows: [[...first, 1, 2, 3]] },
    "a negative number": { rows: [first.map((number) => -1 - number)] },
    "one below zero later": { rows: [first, second.map((_, i) => -1 - (first[i] ?? 0))] },
    "one that cannot be counted": { rows: [first, first.map(() => Number.MAX_SAFE_INTEGER), first.map(() => 1)] },
    "a fraction": { rows: [first.map((number) => number + 0.5)] },
    "no number": { rows: [first.map(String)] },
    "another field": { more: 1 },
  };
  for (const [what, changed] of Object.entries(wrong)) expect([what, isTaken(changed)]).toEqual([what, false]);
});

it("takes exactly the rows whose numbers stay whole and above zero, and writes them again as they were", () => {
  const row = (number: fc.Arbitrary<number>) => fc.array(number, { minLength: 11, maxLength: 11 });
  const rows = fc
    .tuple(row(fc.nat({ max: 12 })), fc.array(row(fc.integer({ min: -3, max: 9 })), { maxLength: 5 }))
    .map(([first, others]) => [first, ...others]);
  fc.assert(
    fc.property(rows, (sent) => {
      const sums = sent.map((_, last) =>
        sent.slice(0, last + 1).reduce((total, one) => total.map((number, i) => number + (one[i] ?? 0))),
      );
      const parsed = compactReadingsSchema.safeParse([{ rows: sent }]);
      expect(parsed.success).toBe(sums.flat().every((number) => number >= 0));
      if (!parsed.success) return;
      expect(decodeReadings(parsed.data).map(({ cpu }) => cpu)).toEqual(sums.map(([, cpu]) => cpu));
      expect(encodeReadings(decodeReadings(parsed.data))).toEqual([{ rows: sent }]);
    }),
    { numRuns: 500 },
  );
});

it("[F11] leaves of readings what a peer of version 1.0 can read, number for number", () => {
  fc.assert(
    fc.property(fc.array(readings, { maxLength: 12 }), (sent) => {
      const cut = sent.map((one) => ({ ...one, pressure: undefined }));
      const old = firstReadings(encodeReadings(sent));
      // Without the difference between a field that is missing and one that is undefined.
      expect(decodeReadings(onTheWire(old))).toEqual(cut);
      expect(JSON.stringify(old)).not.toContain("pressure");
    }),
  );
});
