import fc from "fast-check";
import { expect, it } from "vitest";
import { makeId, type ProjectId } from "../ids.ts";
import {
  compactReadingSchema,
  decodeReading,
  encodeReading,
  type CompactReading,
  type Reading,
} from "./compact-reading.ts";

const count = fc.maxSafeNat();
const projectIds: readonly ProjectId[] = Array.from({ length: 4 }, (_, index) =>
  makeId("project", 1, new Uint8Array(16).fill(index)),
);
const projectsOf = fc
  .subarray([...projectIds])
  .chain((ids) =>
    fc.tuple(
      ...ids.map((projectId) =>
        fc.record({ projectId: fc.constant(projectId), cpu: count, memory: count, runs: count }),
      ),
    ),
  );
const readings: fc.Arbitrary<Reading> = fc.record({
  server: fc.record({
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
  }),
  projects: projectsOf,
});

function onTheWire(compact: CompactReading): CompactReading {
  return compactReadingSchema.parse(JSON.parse(JSON.stringify(compact)));
}

it("gives back every reading of a connection, whatever changes between them", () => {
  fc.assert(
    fc.property(fc.array(readings, { minLength: 1, maxLength: 8 }), (sent) => {
      let before: Reading | null = null;
      for (const reading of sent) {
        const decoded = decodeReading(before, onTheWire(encodeReading(before, reading)));
        expect(decoded).toEqual({ ok: true, value: reading });
        before = reading;
      }
    }),
  );
});

it("[W1] makes no reading of what follows nothing, has other numbers than projects, or ends below zero", () => {
  const [reading] = fc.sample(readings, { numRuns: 1, seed: 7 }) as [Reading];
  const { n } = encodeReading(null, reading);
  expect(decodeReading(null, { n })).toMatchObject({ ok: false });
  expect(decodeReading(reading, { n: n.slice(1) })).toMatchObject({ ok: false });
  expect(decodeReading(null, { ids: [], n: n.slice(0, 11).map(() => -1) })).toMatchObject({ ok: false });
  expect(decodeReading(reading, { n: n.map(() => Number.MAX_SAFE_INTEGER) })).toMatchObject({ ok: false });
});

it("never throws, whatever numbers come", () => {
  fc.assert(
    fc.property(
      fc.option(readings),
      fc.array(fc.integer(), { maxLength: 30 }),
      fc.boolean(),
      (before, n, isKeyframe) => {
        expect(decodeReading(before, isKeyframe ? { ids: [...projectIds], n } : { n })).toHaveProperty("ok");
      },
    ),
  );
});
